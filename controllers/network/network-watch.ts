import type { Clock } from '../../lib/clock.ts';
import type { Logger } from '../../lib/logger.ts';
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
  /** Default 2,000. */
  readonly periodMs?: number;
}

/** Looks at the namespace on a tick, with one command for all VMs, until the signal. */
export async function runNetworkWatch(options: NetworkWatchOptions, signal: AbortSignal): Promise<void> {
  while (!signal.aborted) {
    try {
      await lookAtNetwork(options);
    } catch (error) {
      options.logger.warn({ err: error }, 'cannot look at the network namespace');
    }
    await options.clock.sleep(options.periodMs ?? 2_000, signal).catch(() => {});
  }
}

/** One look: mends bridge, address, route and base rules at once, and tells whose port differs. */
export async function lookAtNetwork(options: NetworkWatchOptions): Promise<void> {
  const { network, subnet, logger } = options;
  const ports = options.expectedPorts();
  const state = await network.observe();
  if (state === undefined || !isNetworkConverged(planNetwork(state, subnet))) {
    await network.ensure([...ports.values()]);
    logger.warn({ vms: ports.size }, 'network namespace mended');
    options.onMended([...ports.keys()]);
    return;
  }
  for (const [uid, port] of ports) {
    if (!isGuestPortConverged(planGuestPort(state, port))) options.onPortDrift(uid);
  }
}
