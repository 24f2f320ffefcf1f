/**
 * The firewall of the VMs' side as data, in the form in which `nft -j list ruleset` prints it, so that what
 * the kernel holds can be compared with what is wanted. Source of the form: libnftables-json(5).
 *
 * - `inet holt`: nothing is forwarded, and a guest reaches the host side only with answers.
 * - `bridge holt`: a frame enters the bridge only by a port whose guest has its source MAC and IPv4 address;
 *   guests never reach each other.
 */
export const FIREWALL_TABLE = 'holt';
export const GUEST_SET = 'guests';

/** What of one guest stands in the firewall. */
export interface GuestPort {
  /** Name of the guest's port on the bridge, and of its tap in the VMM's own namespace. */
  readonly tap: string;
  readonly mac: string;
  readonly ip: string;
}

export interface FirewallChain {
  readonly family: 'inet' | 'bridge';
  readonly name: string;
  readonly hook: string;
  readonly priority: number;
  readonly policy: 'drop';
  /** nft expressions, a list a rule. */
  readonly rules: readonly unknown[];
}

const ACCEPT = { accept: null };

function fromKnownGuest(protocol: 'ip' | 'arp', field: string): unknown[] {
  const source = [
    { meta: { key: 'iifname' } },
    { payload: { protocol: 'ether', field: 'saddr' } },
    { payload: { protocol, field } },
  ];
  return [{ match: { op: '==', left: { concat: source }, right: `@${GUEST_SET}` } }, ACCEPT];
}

/** The chains and rules that do not depend on which guests there are. */
export const BASE_CHAINS: readonly FirewallChain[] = [
  {
    family: 'inet',
    name: 'input',
    hook: 'input',
    priority: 0,
    policy: 'drop',
    rules: [
      [{ match: { op: 'in', left: { ct: { key: 'state' } }, right: ['established', 'related'] } }, ACCEPT],
      [{ match: { op: '==', left: { meta: { key: 'iifname' } }, right: 'lo' } }, ACCEPT],
    ],
  },
  { family: 'inet', name: 'forward', hook: 'forward', priority: 0, policy: 'drop', rules: [] },
  {
    family: 'bridge',
    name: 'prerouting',
    hook: 'prerouting',
    priority: -300,
    policy: 'drop',
    rules: [fromKnownGuest('ip', 'saddr'), fromKnownGuest('arp', 'saddr ip')],
  },
  { family: 'bridge', name: 'forward', hook: 'forward', priority: -200, policy: 'drop', rules: [] },
];

const GUEST_SET_TYPE = ['ifname', 'ether_addr', 'ipv4_addr'];

function elementsOf(guests: readonly GuestPort[]): unknown[] {
  return guests.map((guest) => ({ concat: [guest.tap, guest.mac, guest.ip] }));
}

function guestElements(guests: readonly GuestPort[]) {
  return { element: { family: 'bridge', table: FIREWALL_TABLE, name: GUEST_SET, elem: elementsOf(guests) } };
}

/** One transaction that puts both tables in place of whatever stands there, with these guests let in. */
export function replaceFirewall(guests: readonly GuestPort[]): string {
  const commands: unknown[] = [];
  for (const family of ['inet', 'bridge']) {
    const table = { family, name: FIREWALL_TABLE };
    // Deleting needs it to be there: adding first makes the pair idempotent.
    commands.push({ add: { table } }, { delete: { table } }, { add: { table } });
  }
  const set = { family: 'bridge', table: FIREWALL_TABLE, name: GUEST_SET, type: GUEST_SET_TYPE };
  commands.push({ add: { set } });
  if (guests.length > 0) commands.push({ add: guestElements(guests) });
  for (const chain of BASE_CHAINS) {
    const { family, name, hook, priority, policy } = chain;
    const place = { family, table: FIREWALL_TABLE };
    commands.push({ add: { chain: { ...place, name, type: 'filter', hook, prio: priority, policy } } });
    for (const expr of chain.rules) commands.push({ add: { rule: { ...place, chain: name, expr } } });
  }
  return JSON.stringify({ nftables: commands });
}

/** One transaction that lets these guests in. Letting a guest in twice is no error. */
export function admitGuests(guests: readonly GuestPort[]): string {
  return JSON.stringify({ nftables: [{ add: guestElements(guests) }] });
}

/** One transaction that shuts these guests out; each must be in the set. */
export function expelGuests(guests: readonly GuestPort[]): string {
  return JSON.stringify({ nftables: [{ delete: guestElements(guests) }] });
}
