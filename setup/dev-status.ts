import { type HoltConfig, statePaths } from '../lib/config.ts';
import { isAlive } from '../lib/process-identity.ts';
import { CommandError, type RunCommand } from '../lib/run-command.ts';
import { readPartRecord } from './part-record.ts';
import type { Part } from './parts.ts';

/** One line of `holt dev status`. */
export interface PartStatus {
  readonly name: string;
  readonly pid: number | undefined;
  readonly restartCount: number;
  readonly version: string;
  readonly healthy: boolean;
  /** Why it is not healthy; empty where it is. */
  readonly detail: string;
}

/** The oldest etcd without known data-loss bugs (etcd release notes, 3.5.28 and 3.6.9). */
const ETCD_SOUND = [3, 5, 28] as const;

/** Looks at each part: whether it runs, which version, whether it serves. */
export function observeParts(
  config: HoltConfig,
  parts: readonly Part[],
  ownVersion: string,
  run: RunCommand,
): Promise<PartStatus[]> {
  return Promise.all(parts.map((part) => observePart(config, part, ownVersion, run)));
}

async function observePart(
  config: HoltConfig,
  part: Part,
  ownVersion: string,
  run: RunCommand,
): Promise<PartStatus> {
  const record = readPartRecord(statePaths(config.stateDir).run, part.name);
  const alive = record !== undefined && isAlive(record);
  const version = part.versionArgv === undefined ? ownVersion : await programVersion(part.versionArgv, run);
  const health = alive
    ? await part.checkHealth().then(
        () => '',
        (error: unknown) => (error instanceof Error ? error.message : String(error)),
      )
    : 'not running; npm start starts it';
  return {
    name: part.name,
    pid: alive ? record.pid : undefined,
    restartCount: record?.restartCount ?? 0,
    version,
    healthy: alive && health === '',
    detail: health || (part.name === 'etcd' ? etcdWarning(version) : ''),
  };
}

async function programVersion(argv: readonly string[], run: RunCommand): Promise<string> {
  try {
    const { stdout, stderr } = await run(argv, { timeoutMs: 5000 });
    return /\d+\.\d+\.\d+/.exec(stdout + stderr)?.[0] ?? 'unknown';
  } catch (error) {
    if (error instanceof CommandError) return 'missing';
    throw error;
  }
}

/** Debian 12's etcd 3.4 is good for development; production wants a release without the known bugs. */
export function etcdWarning(version: string): string {
  const numbers = version.split('.').map(Number);
  for (const [index, sound] of ETCD_SOUND.entries()) {
    const number = numbers[index] ?? 0;
    if (number > sound) return '';
    if (number < sound) return `below ${ETCD_SOUND.join('.')}: fine for development, not for production`;
  }
  return '';
}

/** The table that `holt dev status` prints. */
export function formatPartStatuses(statuses: readonly PartStatus[]): string {
  const rows = statuses.map((status) => [
    status.name,
    status.healthy ? 'healthy' : 'NOT HEALTHY',
    status.version,
    status.pid === undefined ? '-' : String(status.pid),
    String(status.restartCount),
    status.detail,
  ]);
  const table = [['PART', 'HEALTH', 'VERSION', 'PID', 'RESTARTS', 'DETAIL'], ...rows];
  const widths = [0, 1, 2, 3, 4].map((column) => Math.max(...table.map((row) => row[column]?.length ?? 0)));
  return table
    .map((row) =>
      row
        .map((cell, column) => cell.padEnd(widths[column] ?? 0))
        .join('   ')
        .trimEnd(),
    )
    .join('\n');
}
