import type { ApiClient } from '../api/client/api-client.ts';
import type { ApiObject, Condition } from '../crds/meta/meta.ts';
import type { ResourceDefinition } from '../crds/meta/resource-definition.ts';
import { type SandboxContainer, sandboxContainerDefinition } from '../crds/sandboxcontainer/definition.ts';
import { type UserVm, userVmDefinition } from '../crds/uservm/definition.ts';
import type { Clock } from '../lib/clock.ts';
import { SetupError } from './dev-config.ts';
import type { Progress } from './progress.ts';

const POLL_INTERVAL_MS = 250;

export interface WaitReadyOptions {
  readonly client: ApiClient;
  readonly clock: Clock;
  readonly progress: Progress;
  readonly timeoutMs: number;
  readonly signal: AbortSignal;
}

interface Standing {
  readonly label: string;
  readonly ready: boolean;
  readonly phase: string;
  readonly reason: string;
  readonly message: string;
}

function standingOf(definition: ResourceDefinition, object: ApiObject): Standing {
  const status = (object.status ?? {}) as {
    phase?: string;
    observedGeneration?: number;
    conditions?: Condition[];
  };
  const condition = status.conditions?.find((each) => each.type === 'Ready');
  return {
    label: `${definition.singular}/${object.metadata.name}`,
    ready: condition?.status === 'True' && status.observedGeneration === object.metadata.generation,
    phase: status.phase ?? 'Pending',
    reason: condition?.reason ?? '',
    message: condition?.message ?? '',
  };
}

function describe(standing: Standing): string {
  if (standing.ready) return `${standing.label}: ready`;
  const why = [standing.reason, standing.message].filter((part) => part !== '').join(': ');
  return `${standing.label}: ${standing.phase}${why === '' ? '' : ` (${why})`}`;
}

/** VMs that are to run, and the containers in them; what belongs to no VM here cannot become ready and is not waited for. */
async function observe(client: ApiClient, signal: AbortSignal): Promise<Standing[]> {
  const vms = (await client.listAll<UserVm>(userVmDefinition, { signal })).items;
  const containers = (await client.listAll<SandboxContainer>(sandboxContainerDefinition, { signal })).items;
  const running = vms.filter((vm) => vm.spec.powerState === 'Running');
  const vmKeys = new Set(running.map((vm) => `${vm.metadata.namespace}/${vm.metadata.name}`));
  const inside = containers.filter(
    ({ metadata, spec }) => spec.role !== 'job' && vmKeys.has(`${metadata.namespace}/${spec.vmRef.name}`),
  );
  return [
    ...running.map((vm) => standingOf(userVmDefinition, vm)),
    ...inside.map((container) => standingOf(sandboxContainerDefinition, container)),
  ];
}

/**
 * Waits until every VM that is to run, and every container in it, is ready; says each change of phase.
 * @throws SetupError naming what is not ready, and why, when the time is over
 */
export async function waitUntilReady(options: WaitReadyOptions): Promise<void> {
  const { client, clock, progress, timeoutMs, signal } = options;
  const said = new Map<string, string>();
  const deadline = clock.monotonicMs() + timeoutMs;
  for (;;) {
    const standings = await observe(client, signal);
    for (const standing of standings) {
      const line = describe(standing);
      if (said.get(standing.label) !== line) progress.note(line);
      said.set(standing.label, line);
    }
    const waiting = standings.filter((standing) => !standing.ready);
    if (waiting.length === 0) return;
    if (clock.monotonicMs() >= deadline) {
      throw new SetupError(
        `not ready after ${Math.round(timeoutMs / 1000)} s:\n  ${waiting.map(describe).join('\n  ')}\n` +
          'kubectl describe shows the events; docs/operations.md has a line for each reason',
      );
    }
    await clock.sleep(POLL_INTERVAL_MS, signal);
  }
}
