import type { HoltConfig } from '../../lib/config.ts';
import { type RunCommand, runCommand } from '../../lib/run-command.ts';
import { createHostNetwork } from './host-network.ts';

/**
 * Makes the VMs' network namespace with its bridge and firewall, or leaves it as it is. The set-up calls it
 * before HAProxy starts, because HAProxy enters the namespace by name. Needs root. Resolves to whether
 * anything was changed.
 * @throws CommandError with the words of `ip` or `nft`
 */
export function ensureNetwork(
  config: Pick<HoltConfig, 'netns' | 'vmSubnet'>,
  run: RunCommand = runCommand,
): Promise<boolean> {
  return createHostNetwork({ netns: config.netns, subnet: config.vmSubnet, run }).ensure([]);
}

/** Removes the namespace and all taps, bridges, rules and routes in it. Fine when it is gone. */
export function destroyNetwork(
  config: Pick<HoltConfig, 'netns' | 'vmSubnet'>,
  run: RunCommand = runCommand,
): Promise<void> {
  return createHostNetwork({ netns: config.netns, subnet: config.vmSubnet, run }).destroy();
}
