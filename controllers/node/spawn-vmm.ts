import { spawn } from 'node:child_process';
import { open } from 'node:fs/promises';
import type { Clock } from '../../lib/clock.ts';
import { identifyProcess, isAlive, type ProcessIdentity } from '../../lib/process-identity.ts';
import type { VmPaths } from '../host/vm-identity.ts';
import { VmmClient } from '../vmm/vmm-client.ts';

export interface SpawnVmmOptions {
  readonly netns: string;
  readonly binary: string;
  readonly paths: VmPaths;
}

/**
 * Starts a VMM inside the network namespace, in a session of its own, with its output in `vmm.log`: it lives on
 * when this process ends. `ip netns exec` becomes the VMM, so that the pid is the VMM's.
 * @throws Error when it cannot be started
 */
export async function spawnVmm(options: SpawnVmmOptions): Promise<ProcessIdentity> {
  const { netns, binary, paths } = options;
  await using log = await open(paths.vmmLog, 'a', 0o600);
  const vmm = [binary, '--api-socket', `path=${paths.apiSocket}`, '--event-monitor', `path=${paths.events}`];
  const child = spawn('ip', ['netns', 'exec', netns, ...vmm], {
    detached: true,
    stdio: ['ignore', log.fd, log.fd],
    cwd: paths.directory,
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
