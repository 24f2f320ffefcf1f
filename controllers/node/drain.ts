import { readdir } from 'node:fs/promises';
import type { Clock } from '../../lib/clock.ts';
import type { ProcessIdentity } from '../../lib/process-identity.ts';
import { type VmPaths, vmPathsOf } from '../host/vm-identity.ts';
import type { OrphanEffects } from '../orphans/effects.ts';
import type { NodeEffects } from '../uservm/node-effects.ts';
import { parseVmmRecord } from '../uservm/vmm-record.ts';

export interface DrainOptions {
  readonly vmsDirectory: string;
  readonly effects: NodeEffects;
  readonly orphans: OrphanEffects;
  readonly destroyNetwork: () => Promise<void>;
  readonly graceMs: number;
  readonly clock: Clock;
  /** One line of progress. */
  readonly print: (line: string) => void;
}

const HARD_STOP_MS = 3_000;
const POLL_MS = 50;

/**
 * Stops all VMs of this host, in order and at the same time, and removes the network namespace with all that is
 * in it. Volumes, logs and records stay: the next start of holt-node boots the VMs again. Needs no API server.
 */
export async function drainNode(options: DrainOptions): Promise<void> {
  const { vmsDirectory, orphans, effects, print } = options;
  const names = await readdir(vmsDirectory).catch(() => []);
  const paths = names.map((name) => vmPathsOf(vmsDirectory, name));
  await Promise.all(paths.map((each) => drainVm(options, each)));
  for (const { shortId, process } of (await orphans.inventory()).vmms) {
    print(`vm-${shortId}: ending VMM process ${process.pid} that no record names`);
    await orphans.killVmm(process);
    await isGoneWithin(options, process, HARD_STOP_MS);
  }
  await Promise.all(paths.map((each) => effects.prepareRunDirectory(each)));
  await options.destroyNetwork();
  print('network namespace removed; data volumes kept');
}

async function drainVm(options: DrainOptions, paths: VmPaths): Promise<void> {
  const { effects, clock, print, graceMs } = options;
  const record = parseVmmRecord(await effects.readRecord(paths).catch(() => undefined));
  if (record === undefined) return;
  const process: ProcessIdentity = { pid: record.pid, startTicks: record.startTimeTicks };
  if (!(await isAlive(options, process))) return;
  print(`${record.vmId}: pressing the power button, waiting up to ${graceMs / 1000} s`);
  // Written first: the next holt-node then knows that this end was asked for.
  const startedAt = new Date(clock.nowMs()).toISOString();
  const stop = { reason: 'Stopping', message: 'the node was drained', startedAt, graceMs, pressed: true };
  await effects.writeRecord(paths, JSON.stringify({ ...record, stop }));
  print(`${record.vmId}: ${await endVm(options, paths, process)}`);
}

async function endVm(options: DrainOptions, paths: VmPaths, process: ProcessIdentity): Promise<string> {
  const { effects, orphans, graceMs } = options;
  const isPressed = await effects.pressPowerButton(paths).then(
    () => true,
    () => false,
  );
  if (isPressed && (await isGoneWithin(options, process, graceMs))) return 'powered off';
  await effects.shutdownVmm(paths).catch(() => {});
  if (await isGoneWithin(options, process, HARD_STOP_MS)) return 'stopped hard';
  await orphans.killVmm(process);
  const isGone = await isGoneWithin(options, process, HARD_STOP_MS);
  return isGone ? 'killed' : `process ${process.pid} does not end`;
}

async function isAlive({ effects }: DrainOptions, process: ProcessIdentity): Promise<boolean> {
  return (await effects.readProcess(process.pid))?.startTicks === process.startTicks;
}

async function isGoneWithin(
  options: DrainOptions,
  process: ProcessIdentity,
  timeoutMs: number,
): Promise<boolean> {
  const deadlineMs = options.clock.monotonicMs() + timeoutMs;
  while (await isAlive(options, process)) {
    if (options.clock.monotonicMs() >= deadlineMs) return false;
    await options.clock.sleep(POLL_MS);
  }
  return true;
}
