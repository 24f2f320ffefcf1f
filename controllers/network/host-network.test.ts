import test, { type ExecutionContext } from 'ava';
import { runChecked, runCommand } from '../../lib/run-command.ts';
import { vmmNetnsOf } from '../host/vm-identity.ts';
import { vmmUserIdOf } from '../host/vmm-user.ts';
import type { GuestPort } from './firewall.ts';
import { createHostNetwork } from './host-network.ts';
import { BRIDGE_NAME, parseLinks } from './network-state.ts';
import { isNetworkConverged, planNetwork } from './plan-network.ts';
import { UPLINK, VMM_BRIDGE } from './vmm-network.ts';

const SUBNET = '10.66.0.0/16';
const SHORT_ID = 'aaaaaaaaaaaa';
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
  return { network, netns, inside, writes };
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

asRoot('a deleted port comes back, and the tap that a VMM has open stays as it is', async (t) => {
  const { network, inside } = networkOf(t);
  const first = await network.ensureGuest(ALICE);
  await inside('ip', 'link', 'del', ALICE.tap);
  const second = await network.ensureGuest(ALICE);
  t.is(second.ifindex, first.ifindex);
  t.true(second.tapRepaired);
  t.false(second.firewallRepaired);
  const port = (await network.observe())?.links.get(ALICE.tap);
  t.true(port?.up === true && port.isolated && port.master === BRIDGE_NAME);
});

asRoot('a deleted tap comes back as another device', async (t) => {
  const { network, netns } = networkOf(t);
  const first = await network.ensureGuest(ALICE);
  await runChecked(runCommand, ['ip', '-n', vmmNetnsOf(netns, SHORT_ID), 'link', 'del', ALICE.tap]);
  const second = await network.ensureGuest(ALICE);
  t.not(second.ifindex, first.ifindex);
  t.true(second.tapRepaired);
  t.false(second.firewallRepaired);
});

asRoot('the tap lies in a namespace of its own, and only its user may open it', async (t) => {
  const { network, netns } = networkOf(t);
  await network.ensureGuest(ALICE);
  t.deepEqual(await network.listVmmNamespaces(), [ALICE.tap]);
  const inner = vmmNetnsOf(netns, SHORT_ID);
  const links = parseLinks(await runChecked(runCommand, ['ip', '-n', inner, '-j', '-d', 'addr']));
  t.deepEqual([...links.keys()].sort(), [VMM_BRIDGE, ALICE.tap, 'lo', UPLINK].sort());
  t.is(links.get(ALICE.tap)?.tapOwner, vmmUserIdOf(ALICE.ip));
  t.deepEqual(
    [...links.values()].flatMap(({ name, addresses }) => (name === 'lo' ? [] : addresses)),
    [],
  );
  t.is((await runChecked(runCommand, ['ip', '-n', inner, 'route'])).trim(), '');
  const another = await network.ensureGuest({ ...ALICE, ip: '10.66.9.9' });
  t.true(another.tapRepaired);
  const after = parseLinks(await runChecked(runCommand, ['ip', '-n', inner, '-j', '-d', 'addr']));
  t.is(after.get(ALICE.tap)?.tapOwner, vmmUserIdOf('10.66.9.9'));
});

asRoot('a namespace of a VMM that was removed comes back with its way to the bridge', async (t) => {
  const { network, netns } = networkOf(t);
  await network.ensureGuest(ALICE);
  await runChecked(runCommand, ['ip', 'netns', 'del', vmmNetnsOf(netns, SHORT_ID)]);
  t.true((await network.ensureGuest(ALICE)).tapRepaired);
  t.false((await network.ensureGuest(ALICE)).tapRepaired);
  await network.removeGuest(ALICE.tap);
  t.deepEqual(await network.listVmmNamespaces(), []);
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
