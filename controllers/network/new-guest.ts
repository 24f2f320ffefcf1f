import { vmmUserIdOf } from '../host/vmm-user.ts';
import type { GuestPort } from './firewall.ts';
import { BRIDGE_NAME, type LinkState, type NetworkState } from './network-state.ts';
import { planGuestPort } from './plan-network.ts';
import { HARDEN_SCRIPT, planVmmNetwork, UPLINK } from './vmm-network.ts';

/**
 * Makes a VMM's namespace, lets the guest in, and makes the devices of both sides; prints those of the inner one. It
 * ends at the first thing that is there already, the namespace first. Arguments: common namespace, the VMM's, lines
 * for `ip -batch` in each; the firewall's transaction comes by standard input.
 */
const SCRIPT = [
  'set -e',
  'ip netns add "$2"',
  // Admitted before the port comes up: never a live port without its rule.
  'ip netns exec "$1" sh -c \'cat | nft -j -f -\'',
  `ip netns exec "$2" sh -c '${HARDEN_SCRIPT}'`,
  'echo "$3" | ip -n "$1" -batch -',
  'echo "$4" | ip -n "$2" -batch -',
  'exec ip -n "$2" -j -d addr',
].join('\n');

/** A device as it is right after it was made. */
function newLink(name: string): LinkState {
  const nothing = { master: undefined, kind: undefined, tapOwner: undefined };
  return { name, ifindex: 0, up: false, isolated: false, addresses: [], ...nothing };
}

function withLink(state: NetworkState, link: LinkState): NetworkState {
  return { ...state, links: new Map([...state.links, [link.name, link]]) };
}

const NOTHING: NetworkState = {
  links: new Map(),
  routes: new Set(),
  forwarding: false,
  firewallIntact: true,
  guests: [],
};

/** The command line that makes all that a guest needs where there is nothing of it. */
export function newGuestCommand(options: {
  readonly netns: string;
  /** The VMM's own namespace. */
  readonly inner: string;
  readonly guest: GuestPort;
}): string[] {
  const { netns, inner, guest } = options;
  const port = newLink(guest.tap);
  const outside = [
    `link add dev ${guest.tap} type veth peer name ${UPLINK} netns ${inner}`,
    ...planGuestPort(withLink(NOTHING, port), guest).ipCommands,
  ];
  const inside = planVmmNetwork(new Map([[UPLINK, newLink(UPLINK)]]), guest.tap, vmmUserIdOf(guest.ip));
  const lines = [outside, inside.ipCommands].map((commands) => commands.join('\n'));
  return ['sh', '-c', SCRIPT, 'new-guest', netns, inner, ...lines];
}

/** What is seen once the guest's port was made. */
export function withGuest(state: NetworkState, guest: GuestPort): NetworkState {
  const port = { ...newLink(guest.tap), up: true, isolated: true, master: BRIDGE_NAME };
  return { ...withLink(state, port), guests: [...state.guests, guest] };
}
