import type { Clock } from '../../lib/clock.ts';
import type { Logger } from '../../lib/logger.ts';
import type { ChangeFeed } from './change-feed.ts';
import type { GuestPort } from './firewall.ts';
import type { HostNetwork } from './host-network.ts';
import { isGuestPortConverged, isNetworkConverged, planGuestPort, planNetwork } from './plan-network.ts';

export interface NetworkWatchOptions {
  readonly network: HostNetwork;
  readonly subnet: string;
  /** The ports that VMs with a running VMM should have now, by VM. */
  readonly expectedPorts: () => ReadonlyMap<string, GuestPort>;
  /** A VM's port is not as it should be: its reconcile mends it. */
  readonly onPortDrift: (uid: string) => void;
  /** What all VMs share was not as it should be and has been mended. */
  readonly onMended: (uids: readonly string[]) => void;
  readonly clock: Clock;
  readonly logger: Logger;
  /** What tells that something in the namespace changed; absent: only time does. */
  readonly changes?: ChangeFeed;
  /** Between looks where nobody tells of changes. Default 2,000. */
  readonly periodMs?: number;
  /** Between looks while changes are told: for what the kernel does not tell. Default 8,000. */
  readonly toldPeriodMs?: number;
}

/** Changes come in crowds: they are waited for so long, and looks take at most a fifth of the time. */
const CROWD_MS = 300;
const LOOK_SHARE = 5;

/**
 * Looks at the namespace when something in it changed, and on a tick, with one command for all VMs, until the
 * signal.
 */
export async function runNetworkWatch(options: NetworkWatchOptions, signal: AbortSignal): Promise<void> {
  const { clock, changes, logger, periodMs = 2_000, toldPeriodMs = 8_000 } = options;
  const feed = changes?.run(signal);
  while (!signal.aborted) {
    const changed = changes?.next();
    const startMs = clock.monotonicMs();
    await lookAtNetwork(options).catch((error) => {
      logger.warn({ err: error }, 'cannot look at the network namespace');
    });
    const restMs = CROWD_MS + (LOOK_SHARE - 1) * (clock.monotonicMs() - startMs);
    await clock.sleep(restMs, signal).catch(() => {});
    await untilNext(clock, changes?.isTelling() === true ? toldPeriodMs : periodMs, changed, signal);
  }
  await feed;
}

/** Resolves at the change, after `delayMs`, or on abort. */
async function untilNext(
  clock: Clock,
  delayMs: number,
  changed: Promise<void> | undefined,
  signal: AbortSignal,
): Promise<void> {
  const over = new AbortController();
  const slept = clock.sleep(delayMs, AbortSignal.any([signal, over.signal])).catch(() => {});
  await (changed === undefined ? slept : Promise.race([slept, changed]));
  over.abort();
}

/** One look: mends bridge, address, route and base rules at once, and tells whose port differs. */
export async function lookAtNetwork(options: NetworkWatchOptions): Promise<void> {
  const { network, subnet, logger } = options;
  const ports = options.expectedPorts();
  const state = await network.observe();
  if (state === undefined || !isNetworkConverged(planNetwork(state, subnet))) {
    await network.ensure([...ports.values()]);
    if (state === undefined) options.changes?.restart();
    logger.warn({ vms: ports.size }, 'network namespace mended');
    options.onMended([...ports.keys()]);
    return;
  }
  for (const [uid, port] of ports) {
    if (!isGuestPortConverged(planGuestPort(state, port))) options.onPortDrift(uid);
  }
}
