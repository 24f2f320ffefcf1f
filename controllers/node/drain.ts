import { readdir } from 'node:fs/promises';
import type { Clock } from '../../lib/clock.ts';
import { type ProcessIdentity, waitForEnd } from '../../lib/process-identity.ts';
import { vmPathsOf } from '../host/vm-identity.ts';
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

/**
 * Stops all VMs of this host, in order and at the same time, and removes the network namespace with all that is
 * in it. Volumes, logs and records stay: the next start of holt-node boots the VMs again. Needs no API server.
 */
export async function drainNode(options: DrainOptions): Promise<void> {
  const { vmsDirectory, orphans, print } = options;
  const names = await readdir(vmsDirectory).catch(() => []);
  await Promise.all(names.map((name) => drainVm(options, name)));
  const { vmms } = await orphans.inventory();
  for (const { shortId, process } of vmms) {
    print(`vm-${shortId}: ending VMM process ${process.pid} that no record names`);
    await orphans.killVmm(process);
    await waitForEnd(process, HARD_STOP_MS, options.clock);
  }
  await options.destroyNetwork();
  print('network namespace removed; data volumes kept');
}

async function drainVm(options: DrainOptions, shortId: string): Promise<void> {
  const { effects, orphans, clock, print, graceMs } = options;
  const paths = vmPathsOf(options.vmsDirectory, shortId);
  const record = parseVmmRecord(await effects.readRecord(paths).catch(() => undefined));
  if (record === undefined) return;
  const process: ProcessIdentity = { pid: record.pid, startTicks: record.startTimeTicks };
  const live = await effects.readProcess(process.pid);
  if (live?.startTicks === process.startTicks) {
    print(`${record.vmId}: power button pressed, waiting up to ${graceMs / 1000} s`);
    // Written first: the next holt-node then knows that this end was asked for.
    const startedAt = new Date(clock.nowMs()).toISOString();
    const stop = { reason: 'Stopping', message: 'the node was drained', startedAt, graceMs, pressed: true };
    await effects.writeRecord(paths, JSON.stringify({ ...record, stop }));
    print(`${record.vmId}: ${await endVm(options, paths, process)}`);
  }
  await orphans.killVmm(process);
  await effects.prepareRunDirectory(paths);
}

async function endVm(
  { effects, orphans, clock, graceMs }: DrainOptions,
  paths: ReturnType<typeof vmPathsOf>,
  process: ProcessIdentity,
): Promise<string> {
  const isPressed = await effects.pressPowerButton(paths).then(
    () => true,
    () => false,
  );
  if (isPressed && (await waitForEnd(process, graceMs, clock))) return 'powered off';
  await effects.shutdownVmm(paths).catch(() => {});
  if (await waitForEnd(process, HARD_STOP_MS, clock)) return 'stopped hard';
  await orphans.killVmm(process);
  return (await waitForEnd(process, HARD_STOP_MS, clock)) ? 'killed' : `process ${process.pid} does not end`;
}
