import { z } from 'zod';
import { BASE_CHAINS, FIREWALL_TABLE, GUEST_SET, type GuestPort } from './firewall.ts';

/** Name of the bridge to which every tap is tied. */
export const BRIDGE_NAME = 'holt0';

export interface LinkState {
  readonly name: string;
  /** The kernel's number of this very device: another one of the same name has another number. */
  readonly ifindex: number;
  readonly up: boolean;
  readonly master: string | undefined;
  /** Bridge port isolation: frames pass to the bridge itself only. */
  readonly isolated: boolean;
  readonly kind: string | undefined;
  /** User id that may open the tap; undefined of anything else. */
  readonly tapOwner: number | undefined;
  readonly addresses: readonly string[];
}

/** All that Holt keeps in the network namespace, as the kernel shows it. */
export interface NetworkState {
  readonly links: ReadonlyMap<string, LinkState>;
  /** Destinations with a route, e.g. `10.66.0.0/16` or `default`. */
  readonly routes: ReadonlySet<string>;
  readonly forwarding: boolean;
  /** Whether tables, chains, hooks and rules are exactly the wanted ones. */
  readonly firewallIntact: boolean;
  readonly guests: readonly GuestPort[];
}

const linksSchema = z.array(
  z.looseObject({
    ifindex: z.int(),
    ifname: z.string(),
    flags: z.array(z.string()),
    master: z.string().optional(),
    linkinfo: z
      .looseObject({
        info_kind: z.string().optional(),
        // A number, or a name where the host has one for it.
        info_data: z.looseObject({ user: z.union([z.int(), z.string()]).optional() }).optional(),
        info_slave_data: z.looseObject({ isolated: z.boolean().optional() }).optional(),
      })
      .optional(),
    addr_info: z
      .array(z.looseObject({ local: z.string().optional(), prefixlen: z.int().optional() }))
      .default([]),
  }),
);

const routesSchema = z.array(z.looseObject({ dst: z.string() }));

const place = { family: z.string(), table: z.string() };
const rulesetSchema = z.object({
  nftables: z.array(
    z.looseObject({
      table: z.looseObject({ family: z.string(), name: z.string() }).optional(),
      set: z
        .looseObject({ ...place, name: z.string(), type: z.unknown(), elem: z.array(z.unknown()).optional() })
        .optional(),
      chain: z
        .looseObject({
          ...place,
          name: z.string(),
          hook: z.string().optional(),
          prio: z.int().optional(),
          policy: z.string().optional(),
        })
        .optional(),
      rule: z.looseObject({ ...place, chain: z.string(), expr: z.unknown() }).optional(),
    }),
  ),
});

type Ruleset = z.infer<typeof rulesetSchema>['nftables'];

/** Parses `ip -j -d addr`. @throws z.ZodError */
export function parseLinks(json: string): Map<string, LinkState> {
  const links = linksSchema.parse(JSON.parse(json));
  return new Map(
    links.map((link) => [
      link.ifname,
      {
        name: link.ifname,
        ifindex: link.ifindex,
        up: link.flags.includes('UP'),
        master: link.master,
        isolated: link.linkinfo?.info_slave_data?.isolated === true,
        kind: link.linkinfo?.info_kind,
        tapOwner: ownerOf(link.linkinfo?.info_data?.user),
        addresses: link.addr_info.map((address) => `${address.local}/${address.prefixlen}`),
      },
    ]),
  );
}

function ownerOf(user: number | string | undefined): number | undefined {
  return typeof user === 'number' ? user : undefined;
}

/** Parses `ip -j route`. @throws z.ZodError */
export function parseRoutes(json: string): Set<string> {
  return new Set(routesSchema.parse(JSON.parse(json)).map((route) => route.dst));
}

/** Parses `nft -j list ruleset`. @throws z.ZodError */
export function parseRuleset(json: string): Pick<NetworkState, 'firewallIntact' | 'guests'> {
  const ruleset = rulesetSchema.parse(JSON.parse(json)).nftables;
  return { firewallIntact: isFirewallIntact(ruleset), guests: guestsOf(ruleset) };
}

function isFirewallIntact(ruleset: Ruleset): boolean {
  const chains = ruleset.flatMap((item) => (item.chain?.table === FIREWALL_TABLE ? [item.chain] : []));
  if (chains.length !== BASE_CHAINS.length) return false;
  if (!ruleset.some((item) => item.set?.table === FIREWALL_TABLE && item.set.name === GUEST_SET))
    return false;
  return BASE_CHAINS.every((wanted) => {
    const chain = chains.find((found) => found.family === wanted.family && found.name === wanted.name);
    const rules = ruleset.flatMap((item) =>
      item.rule?.table === FIREWALL_TABLE &&
      item.rule.family === wanted.family &&
      item.rule.chain === wanted.name
        ? [item.rule.expr]
        : [],
    );
    return (
      chain?.hook === wanted.hook &&
      chain.prio === wanted.priority &&
      chain.policy === wanted.policy &&
      JSON.stringify(rules) === JSON.stringify(wanted.rules)
    );
  });
}

const elementSchema = z.object({ concat: z.tuple([z.string(), z.string(), z.string()]) });

function guestsOf(ruleset: Ruleset): GuestPort[] {
  const set = ruleset.find((item) => item.set?.table === FIREWALL_TABLE && item.set.name === GUEST_SET)?.set;
  return (set?.elem ?? []).flatMap((element) => {
    const parsed = elementSchema.safeParse(element);
    if (!parsed.success) return [];
    const [tap, mac, ip] = parsed.data.concat;
    return [{ tap, mac, ip }];
  });
}
