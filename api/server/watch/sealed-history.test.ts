import { randomBytes } from 'node:crypto';
import test from 'ava';
import { secretDefinition } from '../../../crds/secret/definition.ts';
import { rewriteStale } from '../../storage/encryption/rewrite-stale.ts';
import { createAesGcmTransformer, type EncryptionKey } from '../../storage/encryption/value-transformer.ts';
import { openKv } from '../../storage/etcd/failover-kv.ts';
import { resourcePrefix } from '../../storage/keys.ts';
import { startEtcd } from '../../testing/etcd-process.ts';
import { startTestApi, type TestApi, type TestObject, type TestWatch } from '../../testing/test-api.ts';
import { waitUntil } from '../../testing/wait-until.ts';

const SECRETS = '/api/v1/namespaces/default/secrets';
const PREFIX = resourcePrefix(secretDefinition);
const newKey = (id: string): EncryptionKey => ({ id, secret: randomBytes(32) });
const OLD = newKey('old');
const NEW = newKey('new');

let keys: readonly EncryptionKey[] = [OLD];
const values = createAesGcmTransformer([PREFIX], () => keys);
let api: TestApi;

test.before(async () => {
  const etcd = await startEtcd();
  api = await startTestApi({ etcd, server: { etcd: { ...etcd.connection, values } } });
});
test.after.always(() => api?.dispose());

async function writeSecret(name: string, word: string, method = 'POST'): Promise<TestObject> {
  const body = { apiVersion: 'v1', kind: 'Secret', metadata: { name }, stringData: { word } };
  const path = method === 'POST' ? SECRETS : `${SECRETS}/${name}`;
  const answer = await api.send({ method, path, body });
  if (answer.code > 201) throw new Error(answer.text);
  return answer.json;
}

/** What a watch told: of which Secret, and its word. */
function told({ events }: TestWatch): string[] {
  return events
    .filter(({ type }) => type !== 'BOOKMARK')
    .map(({ type, object }) => {
      if (type === 'ERROR') return `ERROR ${object.code} ${object.reason}`;
      const word = Buffer.from(object.data?.word ?? '', 'base64').toString();
      return `${type} ${object.metadata.name} ${word}`;
    });
}

async function toldAfter(revision: string, count: number, query = ''): Promise<string[]> {
  const watch = api.watch(`${SECRETS}?watch=1&resourceVersion=${revision}${query}`);
  await waitUntil(`${count} events`, () => told(watch).length >= count || watch.ended());
  watch.close();
  return told(watch);
}

test.serial('history is told in clear across a rotation, in memory and from etcd', async (t) => {
  const start = (await api.send({ path: SECRETS })).json.metadata.resourceVersion;
  const live = api.watch(`${SECRETS}?watch=1&resourceVersion=${start}`);
  await writeSecret('a', 'one');
  await writeSecret('b', 'gone');
  await api.send({ method: 'DELETE', path: `${SECRETS}/b` });
  keys = [NEW, OLD];
  await writeSecret('a', 'two', 'PUT');
  const raw = openKv(api.etcd.connection);
  t.teardown(() => raw.close());
  await writeSecret('c', 'three');
  t.deepEqual(await rewriteStale(raw, PREFIX, values), { rewritten: 0, unreadable: [] });
  const expected = ['ADDED a one', 'ADDED b gone', 'DELETED b gone', 'MODIFIED a two', 'ADDED c three'];
  await waitUntil('the live watch', () => told(live).length >= expected.length);
  t.deepEqual(told(live), expected);
  live.close();
  t.deepEqual(await toldAfter(start, 5), expected, 'from memory');
  await api.restartServer();
  t.deepEqual(await toldAfter(start, 5), expected, 'from etcd, where the first are sealed under the old key');

  // The old key is taken out: history under it is as if compacted, and nothing else is lost.
  keys = [NEW];
  t.deepEqual(await toldAfter(start, 5), expected, 'what was opened stays open');
  await api.restartServer();
  t.deepEqual(await toldAfter(start, 5), ['ERROR 410 Expired']);
  t.deepEqual(await toldAfter(start, 5, '&labelSelector=x=y'), ['ERROR 410 Expired']);
  const list = await api.send({ path: SECRETS });
  t.is(list.code, 200);
  const after = api.watch(`${SECRETS}?watch=1&resourceVersion=${list.json.metadata.resourceVersion}`);
  await writeSecret('d', 'four');
  await waitUntil('the event', () => told(after).length > 0);
  t.deepEqual(told(after), ['ADDED d four']);
  after.close();
});

test.serial('a value that no key opens ends the watches that see it, and nothing else', async (t) => {
  const { metadata } = (await api.send({ path: SECRETS })).json;
  const watches = [SECRETS, '/api/v1/secrets', '/api/v1/namespaces/kube-system/secrets'].map((path) =>
    api.watch(`${path}?watch=1&resourceVersion=${metadata.resourceVersion}`),
  );
  await waitUntil('the watches', () => watches.every((watch) => watch.code() === 200));
  const raw = openKv(api.etcd.connection);
  t.teardown(() => raw.close());
  const foreign = createAesGcmTransformer([PREFIX], () => [newKey('foreign')]);
  const key = `${PREFIX}default/sealed`;
  await raw.txn({ compare: [], success: [{ put: key, value: foreign.seal(key, Buffer.from('{}')) }] });
  await waitUntil('the watches to end', () => watches.slice(0, 2).every((watch) => watch.ended()));
  t.deepEqual(watches.map(told), [['ERROR 410 Expired'], ['ERROR 410 Expired'], []]);
  t.false(watches[2]?.ended());
  watches[2]?.close();
  const initial = await api.send({ path: `${SECRETS}?watch=1` });
  t.is(initial.code, 500);
  t.regex(initial.json.message, /secrets\/default\/sealed: the stored value cannot be read: restore the key/);
  t.is((await api.send({ path: `${SECRETS}/a` })).code, 200, 'others are read');
  await raw.txn({ compare: [], success: [{ delete: key }] });
  await waitUntil('the list', async () => (await api.send({ path: SECRETS })).code === 200);
});
