import { spawn } from 'node:child_process';
import { chown, lchown, mkdir, open, readdir } from 'node:fs/promises';
import { join } from 'node:path';
import type { Clock } from '../../lib/clock.ts';
import { identifyProcess, isAlive, type ProcessIdentity } from '../../lib/process-identity.ts';
import { type Confinement, confinedCommand, confinedEnvironment } from '../confinement/confined-command.ts';
import type { VmPaths } from '../host/vm-identity.ts';
import { VmmClient } from '../vmm/vmm-client.ts';

export interface SpawnVmmOptions {
  readonly binary: string;
  readonly paths: VmPaths;
  /** All but the folder of its view of the file system. */
  readonly confinement: Omit<Confinement, 'root'>;
  /** Files that become the VMM's own: its user may read and write them. */
  readonly ownFiles: readonly string[];
}

/**
 * Starts a VMM confined, in a session of its own, with its output in `vmm.log`: it lives on when this process
 * ends. `ip netns exec` and what confines become the VMM, so that the pid is the VMM's.
 * @throws Error when it cannot be started
 */
export async function spawnVmm(options: SpawnVmmOptions): Promise<ProcessIdentity> {
  const { binary, paths, confinement, ownFiles } = options;
  const { userId } = confinement;
  const root = join(paths.directory, 'root');
  await mkdir(root, { recursive: true, mode: 0o700 });
  await giveAway(paths.runtime, userId);
  await giveAway(paths.snapshot, userId);
  for (const file of ownFiles) await chown(file, userId, userId);
  await using log = await open(paths.vmmLog, 'a', 0o600);
  const vmm = [binary, '--api-socket', `path=${paths.apiSocket}`, '--event-monitor', `path=${paths.events}`];
  const [file = '', ...args] = confinedCommand({ ...confinement, root }, vmm);
  const child = spawn(file, args, {
    detached: true,
    stdio: ['ignore', log.fd, log.fd],
    cwd: paths.directory,
    env: confinedEnvironment(process.env),
  });
  const { pid } = child;
  await new Promise<void>((resolve, reject) => {
    child.once('error', reject);
    child.once('spawn', resolve);
  });
  child.unref();
  const identity = pid === undefined ? undefined : identifyProcess(pid);
  if (identity === undefined) throw new Error(`${binary} ended at once; see ${paths.vmmLog}`);
  return identity;
}

/** The folder and what an earlier VMM of this VM left in it: links are given away themselves, not what they name. */
async function giveAway(folder: string, userId: number): Promise<void> {
  for (const name of await readdir(folder)) await lchown(join(folder, name), userId, userId);
  await chown(folder, userId, userId);
}

/**
 * Waits until the VMM answers on its API.
 * @throws Error when it ended, or does not answer within `timeoutMs`
 */
export async function awaitVmmApi(options: {
  readonly paths: VmPaths;
  readonly process: ProcessIdentity;
  readonly timeoutMs: number;
  readonly clock: Clock;
}): Promise<void> {
  const { paths, process, timeoutMs, clock } = options;
  const client = new VmmClient({ socketPath: paths.apiSocket, timeoutMs: 1_000 });
  const deadlineMs = clock.monotonicMs() + timeoutMs;
  for (;;) {
    const isUp = await client.ping().then(
      () => true,
      () => false,
    );
    if (isUp) return;
    if (!isAlive(process))
      throw new Error(`VMM process ${process.pid} ended at its start; see ${paths.vmmLog}`);
    if (clock.monotonicMs() > deadlineMs) {
      throw new Error(
        `VMM process ${process.pid} does not answer on ${paths.apiSocket} within ${timeoutMs} ms`,
      );
    }
    await clock.sleep(10);
  }
}
