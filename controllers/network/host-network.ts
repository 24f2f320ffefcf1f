import { type Clock, systemClock } from '../../lib/clock.ts';
import { CommandError, type RunCommand, runChecked } from '../../lib/run-command.ts';
import { shortIdOfTap, tapNameOf, vmmNetnsOf } from '../host/vm-identity.ts';
import { vmmUserIdOf } from '../host/vmm-user.ts';
import { admitGuests, expelGuests, type GuestPort, replaceFirewall } from './firewall.ts';
import { type LinkState, type NetworkState, parseLinks, parseRoutes, parseRuleset } from './network-state.ts';
import { newGuestCommand, withGuest } from './new-guest.ts';
import { isNetworkConverged, planGuestPort, planNetwork } from './plan-network.ts';
import { HARDEN_SCRIPT, planVmmNetwork, UPLINK } from './vmm-network.ts';

/** What `ensureGuest` found and left. */
export interface EnsuredGuestPort {
  /** The tap's device number: a VMM that opened a tap of another number has lost its network. */
  readonly ifindex: number;
  /** The tap or the way from it to the bridge was not as it should be. */
  readonly tapRepaired: boolean;
  readonly firewallRepaired: boolean;
}

/**
 * The VMs' network namespace, and beside it one for each VMM: the tap lies in there, and a pair of devices leads
 * from it to the guest's port on the common bridge. So a VMM that is taken over by its guest sees nothing but its
 * own tap. Changes are serialised; each firewall change is one nft transaction.
 */
export interface HostNetwork {
  /** Reads all that Holt keeps in the namespace, or undefined when the namespace is not there. */
  observe(): Promise<NetworkState | undefined>;
  /** As `observe`, and up to a second old where nothing was changed through this object since. */
  observeRecent(): Promise<NetworkState | undefined>;
  /** Makes the namespace, bridge and firewall as they should be. Resolves to whether anything was changed. */
  ensure(guests: readonly GuestPort[]): Promise<boolean>;
  ensureGuest(guest: GuestPort): Promise<EnsuredGuestPort>;
  /** Removes the port, the VMM's namespace and every firewall entry of the guest. Fine when they are gone. */
  removeGuest(tap: string): Promise<void>;
  /** Names of the guests that have a VMM namespace: `ht-` and the VM's short id. */
  listVmmNamespaces(): Promise<readonly string[]>;
  /** Removes the namespaces with all that is in them. */
  destroy(): Promise<void>;
}

export interface HostNetworkOptions {
  readonly netns: string;
  readonly subnet: string;
  readonly run: RunCommand;
  readonly clock?: Pick<Clock, 'monotonicMs'>;
}

const RECENT_MS = 1_000;
const SHORT_ID = /^[0-9a-f]{12}$/;

/** What `ip netns exec` says of a namespace that is not there (iproute2, lib/namespace.c). */
const NO_NAMESPACE = /Cannot open network namespace/;

const OBSERVE_SCRIPT =
  'ip -j -d addr && ip -j route && cat /proc/sys/net/ipv4/ip_forward && nft -j list ruleset';

/** The namespace of `options.netns`, driven through `ip` and `nft`. */
export function createHostNetwork(options: HostNetworkOptions): HostNetwork {
  const { netns, subnet, run } = options;
  const inNetns = ['ip', 'netns', 'exec', netns];
  const clock = options.clock ?? systemClock;
  let last: Promise<unknown> = Promise.resolve();
  let changeCount = 0;
  let recent: { readonly atMs: number; readonly state: Promise<NetworkState | undefined> } | undefined;
  const oneByOne = <T>(work: () => Promise<T>): Promise<T> => {
    const result = last.then(work, work).finally(() => {
      changeCount += 1;
    });
    last = result.catch(() => {});
    return result;
  };
  const exclusively = <T>(work: () => Promise<T>): Promise<T> =>
    oneByOne(() =>
      work().finally(() => {
        recent = undefined;
      }),
    );
  const observe = () => {
    const state = readState();
    const look = { atMs: clock.monotonicMs(), state };
    const countBefore = changeCount;
    recent = look;
    const forget = () => {
      if (recent === look) recent = undefined;
    };
    // A look into the midst of a change is good for whoever asked, not for those who come after it.
    state.then(() => countBefore === changeCount || forget(), forget);
    return state;
  };
  const observeRecent = () =>
    recent === undefined || clock.monotonicMs() - recent.atMs > RECENT_MS ? observe() : recent.state;
  // nft opens /dev/stdin by name, which fails on the socket that a Node child has there: `cat` makes it a pipe.
  const nft = (transaction: string) =>
    runChecked(run, [...inNetns, 'sh', '-c', 'cat | nft -j -f -'], { input: transaction });
  const ip = async (commands: readonly string[], namespace = netns) => {
    if (commands.length === 0) return;
    await runChecked(run, ['ip', '-n', namespace, '-batch', '-'], { input: `${commands.join('\n')}\n` });
  };
  const vmmNamespace = (tap: string) => vmmNetnsOf(netns, shortIdOfTap(tap));

  async function readState(): Promise<NetworkState | undefined> {
    const argv = [...inNetns, 'sh', '-c', OBSERVE_SCRIPT];
    const result = await run(argv);
    if (NO_NAMESPACE.test(result.stderr)) return undefined;
    if (result.exitCode !== 0) {
      throw new CommandError(argv, `exit ${result.exitCode}: ${result.stderr.trim()}`, result);
    }
    const [links = '', routes = '', forwarding = '', ruleset = ''] = result.stdout.split('\n');
    return {
      links: parseLinks(links),
      routes: parseRoutes(routes),
      forwarding: forwarding.trim() !== '0',
      ...parseRuleset(ruleset),
    };
  }

  async function observeOrCreate(): Promise<NetworkState> {
    const found = await observe();
    if (found !== undefined) return found;
    await runChecked(run, ['ip', 'netns', 'add', netns]);
    await runChecked(run, [...inNetns, 'sh', '-c', HARDEN_SCRIPT]);
    const made = await observe();
    if (made === undefined) throw new Error(`network namespace ${netns} vanished while it was being made`);
    return made;
  }

  async function ensure(guests: readonly GuestPort[]): Promise<{ state: NetworkState; changed: boolean }> {
    const state = await observeOrCreate();
    const plan = planNetwork(state, subnet);
    if (isNetworkConverged(plan)) return { state, changed: false };
    if (plan.disableForwarding) await runChecked(run, [...inNetns, 'sh', '-c', HARDEN_SCRIPT]);
    await ip(plan.ipCommands);
    if (plan.replaceFirewall) await nft(replaceFirewall(mergeGuests(state.guests, guests)));
    return { state: await observeOrCreate(), changed: true };
  }

  /**
   * Many VMs may start at once: for one of which there is nothing yet all is made by one program, and nobody looks at
   * all the others before. Resolves to undefined where something of it is there after all.
   */
  async function makeGuest(guest: GuestPort): Promise<EnsuredGuestPort | undefined> {
    const state = await observeRecent();
    if (state === undefined || !isNetworkConverged(planNetwork(state, subnet))) return undefined;
    const isKnown = state.links.has(guest.tap) || state.guests.some(({ tap }) => tap === guest.tap);
    if (isKnown) return undefined;
    const made = await run(newGuestCommand({ netns, inner: vmmNamespace(guest.tap), guest }), {
      input: admitGuests([guest]),
    });
    const ifindex = made.exitCode === 0 ? parseLinks(made.stdout).get(guest.tap)?.ifindex : undefined;
    // Whatever was in its way, the long way finds and mends it.
    if (ifindex === undefined) return undefined;
    // What was seen still holds for the others, for as long as it would have.
    if (recent !== undefined) {
      const { atMs } = recent;
      const seen = recent.state.then((before) => before && withGuest(before, guest));
      seen.catch(() => {});
      recent = { atMs, state: seen };
    }
    return { ifindex, tapRepaired: true, firewallRepaired: true };
  }

  async function ensureGuest(guest: GuestPort): Promise<EnsuredGuestPort> {
    const made = await makeGuest(guest);
    if (made !== undefined) return made;
    recent = undefined;
    return mendGuest(guest).finally(() => {
      recent = undefined;
    });
  }

  async function mendGuest(guest: GuestPort): Promise<EnsuredGuestPort> {
    const { state } = await ensure([]);
    const plan = planGuestPort(state, guest);
    // Admitted before the port comes up: never a live port without its rule, never a rule that waits for none.
    if (plan.expel.length > 0) await nft(expelGuests(plan.expel));
    if (plan.admit) await nft(admitGuests([guest]));
    const isVmmSideChanged = await ensureVmmSide(guest, !plan.portMissing);
    const isPortChanged = plan.portMissing || plan.ipCommands.length > 0;
    if (plan.portMissing || isVmmSideChanged) {
      const made = await observeOrCreate();
      await ip(planGuestPort(made, guest).ipCommands);
    } else await ip(plan.ipCommands);
    const ifindex = (await vmmLinks(guest.tap))?.get(guest.tap)?.ifindex;
    if (ifindex === undefined) throw new Error(`tap ${guest.tap} was made but is not there`);
    return {
      ifindex,
      tapRepaired: isPortChanged || isVmmSideChanged,
      firewallRepaired: plan.admit || plan.expel.length > 0,
    };
  }

  /** Makes the VMM's namespace with its tap, and the pair that leads out of it. Resolves to whether it changed. */
  async function ensureVmmSide(guest: GuestPort, hasPort: boolean): Promise<boolean> {
    const inner = vmmNamespace(guest.tap);
    const userId = vmmUserIdOf(guest.ip);
    const found = await vmmLinks(guest.tap);
    if (found === undefined) {
      await runChecked(run, ['ip', 'netns', 'add', inner]);
      await runChecked(run, ['ip', 'netns', 'exec', inner, 'sh', '-c', HARDEN_SCRIPT]);
    }
    const first = planVmmNetwork(found ?? new Map(), guest.tap, userId);
    await ip(first.ipCommands, inner);
    const isPaired = hasPort && !first.uplinkMissing;
    if (isPaired) return first.ipCommands.length > 0;
    // Half a pair leads nowhere: a port whose other end is in no namespace that has a name goes. The kernel may be
    // taking it down with that namespace at this moment, so it may be gone already.
    if (hasPort) await run(['ip', '-n', netns, 'link', 'del', 'dev', guest.tap]);
    await ip([`link add dev ${guest.tap} type veth peer name ${UPLINK} netns ${inner}`]);
    await ip(planVmmNetwork((await vmmLinks(guest.tap)) ?? new Map(), guest.tap, userId).ipCommands, inner);
    return true;
  }

  /** Devices in a VMM's own namespace; undefined when there is none. */
  async function vmmLinks(tap: string): Promise<ReadonlyMap<string, LinkState> | undefined> {
    const inner = vmmNamespace(tap);
    const argv = ['ip', '-n', inner, '-j', '-d', 'addr'];
    const result = await run(argv);
    if (result.exitCode === 0) return parseLinks(result.stdout);
    if (NO_NAMESPACE.test(result.stderr)) return undefined;
    throw new CommandError(argv, `exit ${result.exitCode}: ${result.stderr.trim()}`, result);
  }

  async function removeGuest(tap: string): Promise<void> {
    const state = await observe();
    if (state?.links.has(tap) === true) await ip([`link del dev ${tap}`]);
    if ((await listVmmNamespaces()).includes(tap))
      await runChecked(run, ['ip', 'netns', 'del', vmmNamespace(tap)]);
    const entries = state?.guests.filter((entry) => entry.tap === tap) ?? [];
    if (entries.length > 0) await nft(expelGuests(entries));
  }

  async function listVmmNamespaces(): Promise<readonly string[]> {
    const list = await runChecked(run, ['ip', 'netns', 'list']);
    return list.split('\n').flatMap((line) => {
      const [name = ''] = line.split(' ');
      const shortId = name.startsWith(`${netns}-`) ? name.slice(netns.length + 1) : '';
      return SHORT_ID.test(shortId) ? [tapNameOf(shortId)] : [];
    });
  }

  async function destroy(): Promise<void> {
    for (const tap of await listVmmNamespaces())
      await runChecked(run, ['ip', 'netns', 'del', vmmNamespace(tap)]);
    if ((await observe()) !== undefined) await runChecked(run, ['ip', 'netns', 'del', netns]);
  }

  return {
    observe,
    observeRecent,
    ensure: (guests) => exclusively(async () => (await ensure(guests)).changed),
    ensureGuest: (guest) => oneByOne(() => ensureGuest(guest)),
    removeGuest: (tap) => exclusively(() => removeGuest(tap)),
    listVmmNamespaces,
    destroy: () => exclusively(destroy),
  };
}

function mergeGuests(observed: readonly GuestPort[], known: readonly GuestPort[]): GuestPort[] {
  const byTap = new Map([...observed, ...known].map((guest) => [guest.tap, guest]));
  return [...byTap.values()];
}
