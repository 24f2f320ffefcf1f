import type { LinkState } from './network-state.ts';

/** The bridge between tap and uplink inside a VMM's own namespace. It has no address: it only passes frames. */
export const VMM_BRIDGE = 'br0';
/** The inner end of the pair whose outer end is the VM's port on the common bridge. */
export const UPLINK = 'uplink';

/** Run in a new namespace: nothing is forwarded, and there is no IPv6. */
export const HARDEN_SCRIPT =
  'echo 0 > /proc/sys/net/ipv4/ip_forward; ' +
  'for f in all default; do p=/proc/sys/net/ipv6/conf/$f/disable_ipv6; [ ! -e $p ] || echo 1 > $p; done';

/** What a VMM's own namespace needs, as lines for `ip -batch -` in it. Empty: nothing. */
export interface VmmNetworkPlan {
  readonly ipCommands: readonly string[];
  /** The namespace has no way to the common bridge: the pair must be made anew. */
  readonly uplinkMissing: boolean;
}

/**
 * What is missing in a VMM's own namespace: a tap that the VMM's user may open and that is up already, so that
 * the VMM needs no capability, and a bridge to the uplink. A tap of another user is made anew: nobody can hand
 * it over.
 */
export function planVmmNetwork(
  links: ReadonlyMap<string, LinkState>,
  tap: string,
  userId: number,
): VmmNetworkPlan {
  const commands: string[] = [];
  if (links.get('lo')?.up !== true) commands.push('link set lo up');
  const bridge = links.get(VMM_BRIDGE);
  if (bridge === undefined) commands.push(`link add ${VMM_BRIDGE} type bridge mcast_snooping 0`);
  if (bridge?.up !== true) commands.push(`link set dev ${VMM_BRIDGE} up`);
  const found = links.get(tap);
  const isForeign = found !== undefined && found.tapOwner !== userId;
  if (isForeign) commands.push(`link del dev ${tap}`);
  const known = isForeign ? undefined : found;
  if (known === undefined) commands.push(`tuntap add dev ${tap} mode tap user ${userId}`);
  if (known?.master !== VMM_BRIDGE) commands.push(`link set dev ${tap} master ${VMM_BRIDGE}`);
  if (known?.up !== true) commands.push(`link set dev ${tap} up`);
  const uplink = links.get(UPLINK);
  if (uplink !== undefined && uplink.master !== VMM_BRIDGE)
    commands.push(`link set dev ${UPLINK} master ${VMM_BRIDGE}`);
  if (uplink !== undefined && !uplink.up) commands.push(`link set dev ${UPLINK} up`);
  return { ipCommands: commands, uplinkMissing: uplink === undefined };
}

/**
 * The number of the tap in the namespace of a process, from its `/proc/<pid>/net/igmp`: the one list of devices
 * with their numbers that can be read without entering the namespace. It names devices that are up.
 */
export function tapIfindexIn(igmp: string, tap: string): number | undefined {
  for (const line of igmp.split('\n')) {
    const [number, name] = line.split(/[\s:]+/);
    if (name === tap && number !== undefined && /^\d+$/.test(number)) return Number(number);
  }
  return undefined;
}
