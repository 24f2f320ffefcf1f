import { gatewayOf } from '../host/addresses.ts';
import type { GuestPort } from './firewall.ts';
import { BRIDGE_NAME, type LinkState, type NetworkState } from './network-state.ts';

/** What is to be changed in the namespace, as data. Empty lists: nothing. */
export interface NetworkPlan {
  /** Lines for `ip -batch -`, in order. */
  readonly ipCommands: readonly string[];
  readonly disableForwarding: boolean;
  readonly replaceFirewall: boolean;
}

/** How one guest's port differs from what it should be. */
export interface GuestPortPlan {
  /** For the port that is there; one that is missing is made first. */
  readonly ipCommands: readonly string[];
  readonly portMissing: boolean;
  readonly admit: boolean;
  /** Other elements of the set that name this tap: left over from another address. */
  readonly expel: readonly GuestPort[];
}

/** What the namespace itself needs: loopback, bridge, its address and route, no forwarding, the firewall. */
export function planNetwork(state: NetworkState, subnet: string): NetworkPlan {
  const ipCommands: string[] = [];
  const gateway = `${gatewayOf(subnet)}/16`;
  const bridge = state.links.get(BRIDGE_NAME);
  if (state.links.get('lo')?.up !== true) ipCommands.push('link set lo up');
  if (bridge === undefined) ipCommands.push(`link add ${BRIDGE_NAME} type bridge`);
  const hasAddress = bridge?.addresses.includes(gateway) === true;
  if (!hasAddress) ipCommands.push(`addr add ${gateway} dev ${BRIDGE_NAME}`);
  if (bridge?.up !== true) ipCommands.push(`link set ${BRIDGE_NAME} up`);
  // A new address or a link that comes up brings its route along; only a route taken away alone is put back.
  if (bridge?.up === true && hasAddress && !state.routes.has(subnet)) {
    ipCommands.push(`route add ${subnet} dev ${BRIDGE_NAME} src ${gatewayOf(subnet)}`);
  }
  if (state.routes.has('default')) ipCommands.push('route del default');
  return { ipCommands, disableForwarding: state.forwarding, replaceFirewall: !state.firewallIntact };
}

/** True where nothing is to be done. */
export function isNetworkConverged(plan: NetworkPlan): boolean {
  return plan.ipCommands.length === 0 && !plan.disableForwarding && !plan.replaceFirewall;
}

/** What one guest's port on the bridge and its firewall entry need. */
export function planGuestPort(state: NetworkState, guest: GuestPort): GuestPortPlan {
  const link = state.links.get(guest.tap);
  const entries = state.guests.filter((entry) => entry.tap === guest.tap);
  const isOwn = (entry: GuestPort) => entry.mac === guest.mac && entry.ip === guest.ip;
  return {
    ipCommands: link === undefined ? [] : portCommands(guest.tap, link),
    portMissing: link === undefined,
    admit: !entries.some(isOwn),
    expel: entries.filter((entry) => !isOwn(entry)),
  };
}

function portCommands(port: string, link: LinkState): string[] {
  const commands: string[] = [];
  if (link.master !== BRIDGE_NAME) commands.push(`link set dev ${port} master ${BRIDGE_NAME}`);
  if (link.master !== BRIDGE_NAME || !link.isolated) {
    commands.push(`link set dev ${port} type bridge_slave isolated on`);
  }
  if (!link.up) commands.push(`link set dev ${port} up`);
  return commands;
}

/** True where the port is as it should be. */
export function isGuestPortConverged(plan: GuestPortPlan): boolean {
  return !plan.portMissing && plan.ipCommands.length === 0 && !plan.admit && plan.expel.length === 0;
}
