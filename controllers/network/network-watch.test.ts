import test from 'ava';
import { pino } from 'pino';
import { TestClock } from '../runtime/testing/test-clock.ts';
import type { GuestPort } from './firewall.ts';
import type { HostNetwork } from './host-network.ts';
import type { LinkState, NetworkState } from './network-state.ts';
import { lookAtNetwork } from './network-watch.ts';

const SUBNET = '10.66.0.0/16';
const ALICE: GuestPort = { tap: 'ht-aaaaaaaaaaaa', mac: '02:aa:aa:aa:aa:aa', ip: '10.66.3.4' };

function link(name: string, rest: Partial<LinkState> = {}): [string, LinkState] {
  const state = {
    name,
    ifindex: 1,
    up: true,
    master: undefined,
    isolated: false,
    kind: undefined,
    tapOwner: undefined,
    addresses: [],
  };
  return [name, { ...state, ...rest }];
}

const HEALTHY: NetworkState = {
  links: new Map([
    link('lo'),
    link('holt0', { addresses: ['10.66.0.1/16'] }),
    link(ALICE.tap, { master: 'holt0', isolated: true }),
  ]),
  routes: new Set([SUBNET]),
  forwarding: false,
  firewallIntact: true,
  guests: [ALICE],
};

async function look(state: NetworkState | undefined) {
  const told: string[] = [];
  const network = {
    observe: async () => state,
    ensure: async (guests: readonly GuestPort[]) => {
      told.push(`ensure ${guests.map(({ tap }) => tap)}`);
      return true;
    },
  } as unknown as HostNetwork;
  await lookAtNetwork({
    network,
    subnet: SUBNET,
    expectedPorts: () => new Map([['alice', ALICE]]),
    onPortDrift: (uid) => told.push(`drift ${uid}`),
    onMended: (uids) => told.push(`mended ${uids}`),
    clock: new TestClock(),
    logger: pino({ level: 'silent' }),
  });
  return told;
}

test('a healthy namespace is left alone', async (t) => {
  t.deepEqual(await look(HEALTHY), []);
});

test("a guest's own drift is its reconcile's affair", async (t) => {
  t.deepEqual(await look({ ...HEALTHY, guests: [] }), ['drift alice']);
  t.deepEqual(await look({ ...HEALTHY, links: new Map([...HEALTHY.links].slice(0, 2)) }), ['drift alice']);
});

test('what all share is mended at once, and every VM is told', async (t) => {
  const expected = [`ensure ${ALICE.tap}`, 'mended alice'];
  t.deepEqual(await look({ ...HEALTHY, firewallIntact: false }), expected);
  t.deepEqual(await look({ ...HEALTHY, routes: new Set() }), expected);
  t.deepEqual(await look(undefined), expected);
});
