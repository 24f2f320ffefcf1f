import test from 'ava';
import { leaseDefinition } from '../crds/lease/definition.ts';
import { Etcd3Kv } from './storage/etcd/etcd-kv.ts';
import { listPrefix } from './storage/keys.ts';
import { leasesPath } from './testing/linearizability/lease-client.ts';
import {
  type MainHost,
  type MainProcess,
  mainReady,
  prepareMainHost,
  startMain,
} from './testing/main-host.ts';
import { waitUntil } from './testing/wait-until.ts';
import { type Change, isChange } from './testing/watch-properties/change.ts';
import { PROPERTIES, throughSide, type Watched } from './testing/watch-properties/properties.ts';
import { type Receiver, receiveFromApi, receiveFromEtcd } from './testing/watch-properties/receive.ts';
import { writeChanges } from './testing/watch-properties/write-changes.ts';

const NAMESPACE = 'kube-public';
const PREFIX = listPrefix(leaseDefinition, NAMESPACE);
const CHANGES = 6_000;
const CHANGES_PER_CUT = 200;
const LEFT = 'labelSelector=side%3Dleft';

let host: MainHost;
let server: MainProcess;
let changes: readonly Change[];
let start: number;
let cuts = 0;
const watched = new Map<string, Watched>();

const proxied = () => ({ ...host.etcd.connection, endpoints: [`https://127.0.0.1:${host.proxy.port}`] });
const fromApi = (query: string, after: number): Receiver =>
  receiveFromApi({
    ...{ address: { port: host.port, ...host.client }, path: leasesPath(NAMESPACE), query, after },
  });

/** All kinds of watchers, of everything or of one side. */
function openAll(after: number): ReadonlyMap<string, Receiver> {
  return new Map([
    ['the etcd stream', receiveFromEtcd(proxied(), PREFIX, after)],
    ['an API watch', fromApi('', after)],
    ['an API watch that ends and goes on', fromApi('allowWatchBookmarks=true&timeoutSeconds=1', after)],
    ['an API watch of one side', fromApi(`${LEFT}&allowWatchBookmarks=true&timeoutSeconds=2`, after)],
  ]);
}

const expectedOf = (name: string, of: readonly Change[]) =>
  name.endsWith('one side') ? throughSide(of, 'left') : of;

async function finish(receivers: ReadonlyMap<string, Receiver>, of: readonly Change[]): Promise<void> {
  for (const [name, { received }] of receivers) {
    const count = expectedOf(name, of).length;
    await waitUntil(`${name} to receive ${count}`, () => received.filter(isChange).length >= count);
  }
}

test.before(async () => {
  host = await prepareMainHost({ progressIntervalMs: 200 });
  server = startMain('--config', host.config);
  await mainReady(host.port);
  const kv = new Etcd3Kv(host.etcd.connection);
  await waitUntil(
    'the namespace',
    async () => (await kv.range({ key: `/holt/registry/core/namespaces/${NAMESPACE}` })).count === 1,
  );
  start = (await kv.range({ key: PREFIX })).revision;
  const receivers = openAll(start);
  changes = await writeChanges({
    ...{ kv, namespace: NAMESPACE, changeCount: CHANGES, writerCount: 8 },
    onProgress: async (count) => {
      if (count < (cuts + 1) * CHANGES_PER_CUT) return;
      cuts += 1;
      // While all that was cut waits out its back-off, there is nothing to cut.
      await waitUntil('a connection to cut', () => host.proxy.openCount > 0);
      host.proxy.cut();
    },
  });
  // Bookmarks tell of a revision beyond the last change.
  await kv.txn({ compare: [], success: [{ put: '/holt/elsewhere', value: Buffer.from('x') }] });
  kv.close();
  const isMarked = ({ received }: Receiver) => received.some((item) => !isChange(item));
  const marked = [...receivers].filter(([name]) => name !== 'an API watch');
  await finish(receivers, changes)
    .then(() => waitUntil('bookmarks', () => marked.every(([, receiver]) => isMarked(receiver))))
    .finally(() => {
      for (const [name, receiver] of receivers) {
        receiver.close();
        watched.set(name, { received: receiver.received, expected: expectedOf(name, changes) });
      }
    });
});

test.after.always(async () => {
  server?.child.kill('SIGKILL');
  await server?.exit;
  await host?.dispose();
});

test('there was load, and there were cuts', (t) => {
  t.true(changes.length >= CHANGES);
  t.true(cuts >= 20, `${cuts} cuts`);
  t.true(host.proxy.connectionCount > cuts, `${host.proxy.connectionCount} connections`);
  const bookmarks = [...watched.values()].flatMap(({ received }) =>
    received.filter((item) => !isChange(item)),
  );
  t.true(bookmarks.length > 0);
});

for (const [name, property] of Object.entries(PROPERTIES)) {
  test(`${name}: the etcd stream and the API's watches`, (t) => {
    t.is(watched.size, 4);
    for (const [watcher, each] of watched) t.is(property(each), undefined, watcher);
  });
}

test("Resumable: the etcd stream and the API's watches", async (t) => {
  const middle = [0.2, 0.5, 0.9].map((part) => changes[Math.floor(changes.length * part)]?.revision ?? start);
  for (const after of middle) {
    const rest = changes.filter(({ revision }) => revision > after);
    const receivers = openAll(after);
    await finish(receivers, rest).finally(() => {
      for (const receiver of receivers.values()) receiver.close();
    });
    for (const [watcher, { received }] of receivers) {
      const each = { received, expected: expectedOf(watcher, rest) };
      for (const [name, property] of Object.entries(PROPERTIES))
        t.is(property(each), undefined, `${watcher} after ${after}: ${name}`);
    }
  }
});
