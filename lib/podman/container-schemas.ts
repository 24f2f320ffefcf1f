import { z } from 'zod';

const states = [
  'created',
  'configured',
  'initialized',
  'running',
  'paused',
  'stopping',
  'stopped',
  'exited',
] as const;

/** podman's words for a container's state (libpod/define/containerstate.go); anything else is `unknown`. */
export const containerStateSchema = z.enum([...states, 'removing', 'unknown']).catch('unknown');

export type PodmanContainerState = z.infer<typeof containerStateSchema>;

/** What `GET /containers/json` tells of one container, as far as Holt uses it. */
export const containerListSchema = z.array(
  z
    .object({
      Id: z.string(),
      Names: z.array(z.string()).nullable(),
      Labels: z.record(z.string(), z.string()).nullable(),
      State: containerStateSchema,
      ExitCode: z.int(),
      StartedAt: z.int().describe('Seconds since the epoch; negative: never.'),
      ExitedAt: z.int().describe('Seconds since the epoch; negative: never.'),
    })
    .transform((item) => ({
      id: item.Id,
      name: item.Names?.[0] ?? '',
      labels: item.Labels ?? {},
      state: item.State,
      exitCode: item.ExitCode,
      /** Undefined: never started. */
      startedAtSeconds: item.StartedAt > 0 ? item.StartedAt : undefined,
      exitedAtSeconds: item.ExitedAt > 0 ? item.ExitedAt : undefined,
    })),
);

export type PodmanContainer = z.infer<typeof containerListSchema>[number];

/** What `GET /containers/{name}/json` tells, as far as Holt uses it. */
export const containerInspectSchema = z
  .object({
    Id: z.string(),
    State: z.object({
      Status: containerStateSchema,
      OOMKilled: z.boolean(),
      ExitCode: z.int(),
      Error: z.string().default(''),
      StartedAt: z.string(),
      FinishedAt: z.string(),
    }),
  })
  .transform(({ Id, State }) => ({
    id: Id,
    state: State.Status,
    oomKilled: State.OOMKilled,
    exitCode: State.ExitCode,
    error: State.Error,
    startedAt: State.StartedAt,
    finishedAt: State.FinishedAt,
  }));

export type PodmanInspect = z.infer<typeof containerInspectSchema>;

/** What `GET /containers/stats?stream=false` tells; `Error` is set where a container went away meanwhile. */
export const containerStatsSchema = z.object({
  Error: z.unknown().nullable().optional(),
  Stats: z
    .array(
      z.object({ ContainerID: z.string(), PIDs: z.number(), MemUsage: z.number(), MemLimit: z.number() }),
    )
    .nullable()
    .transform((stats) =>
      (stats ?? []).map((item) => ({
        id: item.ContainerID,
        pids: item.PIDs,
        memoryBytes: item.MemUsage,
        memoryLimitBytes: item.MemLimit,
      })),
    ),
});

export type PodmanStats = z.infer<typeof containerStatsSchema>['Stats'][number];
