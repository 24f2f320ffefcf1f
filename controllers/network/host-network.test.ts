import test, { type ExecutionContext } from 'ava';
import { runChecked, runCommand } from '../../lib/run-command.ts';
import type { GuestPort } from './firewall.ts';
import { createHostNetwork } from './host-network.ts';
import { BRIDGE_NAME } from './network-state.ts';
import { isNetworkConverged, planNetwork } from './plan-network.ts';

const SUBNET = '10.66.0.0/16';
const ALICE: GuestPort = { tap: 'ht-aaaaaaaaaaaa', mac: '02:aa:aa:aa:aa:aa', ip: '10.66.3.4' };
const BOB: GuestPort = { tap: 'ht-bbbbbbbbbbbb', mac: '02:bb:bb:bb:bb:bb', ip: '10.66.3.5' };

let count = 0;

/** Real namespaces: needs root, as the product does. */
function networkOf(t: ExecutionContext) {
  const netns = `holt-network-${process.pid}-${count++}`;
  const writes: string[][] = [];
  const network = createHostNetwork({
    netns,
    subnet: SUBNET,
    run: (argv, options) => {
      if (options?.input !== undefined || argv[2] === 'add' || argv[2] === 'del') writes.push([...argv]);
      return runCommand(argv, options);
    },
  });
  t.teardown(() => network.destroy());
  const inside = (...argv: string[]) => runChecked(runCommand, ['ip', 'netns', 'exec', netns, ...argv]);
  return { network, inside, writes };
}

const asRoot = process.getuid?.() === 0 ? test : test.skip;

asRoot('ensure makes namespace, bridge and firewall; the second time it writes nothing', async (t) => {
  const { network, writes } = networkOf(t);
  t.is(await network.observe(), undefined);
  t.true(await network.ensure([]));
  const state = await network.observe();
  t.truthy(state);
  if (state === undefined) return;
  t.true(isNetworkConverged(planNetwork(state, SUBNET)));
  t.true(state.links.get(BRIDGE_NAME)?.addresses.includes('10.66.0.1/16'));
  t.false(state.routes.has('default'));
  writes.length = 0;
  t.false(await network.ensure([]));
  t.deepEqual(writes, []);
});

asRoot(
  'a guest port is tied to the bridge, isolated and let in; the second time nothing is written',
  async (t) => {
    const { network, writes } = networkOf(t);
    const first = await network.ensureGuest(ALICE);
    t.true(first.tapRepaired && first.firewallRepaired);
    const state = await network.observe();
    const link = state?.links.get(ALICE.tap);
    t.is(link?.master, BRIDGE_NAME);
    t.true(link?.isolated === true && link.up);
    t.deepEqual(state?.guests, [ALICE]);
    writes.length = 0;
    t.deepEqual(await network.ensureGuest(ALICE), {
      ifindex: first.ifindex,
      tapRepaired: false,
      firewallRepaired: false,
    });
    t.deepEqual(writes, []);
  },
);

asRoot('a deleted tap comes back as another device', async (t) => {
  const { network, inside } = networkOf(t);
  const first = await network.ensureGuest(ALICE);
  await inside('ip', 'link', 'del', ALICE.tap);
  const second = await network.ensureGuest(ALICE);
  t.not(second.ifindex, first.ifindex);
  t.true(second.tapRepaired);
  t.false(second.firewallRepaired);
});

asRoot('a deleted bridge comes back with its address, and the same tap is tied to it again', async (t) => {
  const { network, inside } = networkOf(t);
  const first = await network.ensureGuest(ALICE);
  await inside('ip', 'link', 'del', BRIDGE_NAME);
  const second = await network.ensureGuest(ALICE);
  t.is(second.ifindex, first.ifindex);
  t.true(second.tapRepaired);
  const state = await network.observe();
  t.is(state?.links.get(ALICE.tap)?.master, BRIDGE_NAME);
  t.true(state?.routes.has(SUBNET));
});

const DAMAGES: Record<string, string[]> = {
  'a deleted table': ['nft', 'delete', 'table', 'bridge', 'holt'],
  'a flushed ruleset': ['nft', 'flush', 'ruleset'],
  'a flushed chain': ['nft', 'flush', 'chain', 'inet', 'holt', 'input'],
  'an added rule': ['nft', 'add', 'rule', 'inet', 'holt', 'forward', 'accept'],
  'an opened policy': ['nft', 'chain', 'inet', 'holt', 'forward', '{ policy accept; }'],
  'a flushed guest set': ['nft', 'flush', 'set', 'bridge', 'holt', 'guests'],
  'a route taken away': ['ip', 'route', 'del', SUBNET],
  'forwarding switched on': ['sh', '-c', 'echo 1 > /proc/sys/net/ipv4/ip_forward'],
  'an address taken away': ['ip', 'addr', 'flush', 'dev', BRIDGE_NAME],
};

for (const [name, damage] of Object.entries(DAMAGES)) {
  asRoot(`${name} is mended, for all guests`, async (t) => {
    const { network, inside } = networkOf(t);
    await network.ensureGuest(ALICE);
    await network.ensureGuest(BOB);
    await inside(...damage);
    await network.ensure([ALICE, BOB]);
    await network.ensureGuest(ALICE);
    await network.ensureGuest(BOB);
    const state = await network.observe();
    t.truthy(state);
    if (state === undefined) return;
    t.true(isNetworkConverged(planNetwork(state, SUBNET)));
    t.deepEqual(new Set(state.guests), new Set([ALICE, BOB]));
  });
}

asRoot('replacing the firewall keeps the guests that were let in', async (t) => {
  const { network, inside } = networkOf(t);
  await network.ensureGuest(ALICE);
  await inside('nft', 'flush', 'chain', 'bridge', 'holt', 'prerouting');
  await network.ensure([]);
  t.deepEqual((await network.observe())?.guests, [ALICE]);
});

asRoot('a removed guest leaves nothing, and removing it twice is fine', async (t) => {
  const { network } = networkOf(t);
  await network.ensureGuest(ALICE);
  await network.ensureGuest(BOB);
  await network.removeGuest(ALICE.tap);
  await network.removeGuest(ALICE.tap);
  const state = await network.observe();
  t.false(state?.links.has(ALICE.tap));
  t.deepEqual(state?.guests, [BOB]);
});

asRoot('a guest with a new address loses the old entry', async (t) => {
  const { network } = networkOf(t);
  await network.ensureGuest(ALICE);
  await network.ensureGuest({ ...ALICE, ip: '10.66.9.9' });
  t.deepEqual((await network.observe())?.guests, [{ ...ALICE, ip: '10.66.9.9' }]);
});
