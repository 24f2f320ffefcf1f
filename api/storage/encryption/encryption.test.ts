import { randomBytes } from 'node:crypto';
import test from 'ava';
import { pino } from 'pino';
import { secretDefinition } from '../../../crds/secret/definition.ts';
import { type EtcdProcess, startEtcd } from '../../testing/etcd-process.ts';
import { waitUntil } from '../../testing/wait-until.ts';
import { RegistryCache } from '../cache/registry-cache.ts';
import type { EtcdConnection } from '../etcd/connection.ts';
import { openKv } from '../etcd/failover-kv.ts';
import { guaranteedUpdate } from '../guaranteed-update.ts';
import { objectKey, resourcePrefix } from '../keys.ts';
import { listPage } from '../list-page.ts';
import { encodeObject, StoredObject } from '../stored-object.ts';
import { rewriteStale } from './rewrite-stale.ts';
import { createAesGcmTransformer, type EncryptionKey, parseEncryptionKeys } from './value-transformer.ts';

const PREFIX = resourcePrefix(secretDefinition);
const OTHER = '/holt/registry/core/configmaps/default/c';
const keyOf = (name: string) => objectKey(secretDefinition, 'default', name);
const newKey = (id: string): EncryptionKey => ({ id, secret: randomBytes(32) });

function secret(name: string, word: string) {
  return encodeObject({
    apiVersion: 'v1',
    kind: 'Secret',
    metadata: { name, namespace: 'default' },
    data: { word },
  });
}

let etcd: EtcdProcess;
test.before(async () => {
  etcd = await startEtcd();
});
test.after.always(() => etcd?.dispose());

test('values are sealed at rest, read by all keys, written by the first, and rewritten after a rotation', async (t) => {
  let keys = [newKey('one')];
  const values = createAesGcmTransformer([PREFIX], () => keys);
  const connection: EtcdConnection = { ...etcd.connection, values };
  const [kv, raw] = [openKv(connection), openKv(etcd.connection)];
  const rawOf = async (key: string) => (await raw.range({ key })).items[0]?.value ?? Buffer.alloc(0);
  const put = (store: typeof kv, key: string, value: Buffer) =>
    guaranteedUpdate({
      kv: store,
      key,
      cached: undefined,
      assumeAbsent: true,
      plan: () => ({ action: 'put', value }),
    });
  await put(raw, keyOf('old'), secret('old', 'in-clear'));
  const cache = new RegistryCache({ kv, connection, logger: pino({ level: 'silent' }) });
  cache.start();
  t.true(await cache.whenReady(5_000));
  t.teardown(() => {
    cache.close();
    kv.close();
    raw.close();
  });

  const made = await put(kv, keyOf('a'), secret('a', 'hush'));
  t.regex(made.stored?.json.toString() ?? '', /"resourceVersion":"\d+",.*hush/);
  const before = await rawOf(keyOf('a'));
  t.true(before.toString().startsWith('holt:enc:aesgcm:v1:one:'));
  t.false(before.includes('hush'));
  await put(kv, OTHER, secret('c', 'plain'));
  t.true((await rawOf(OTHER)).includes('plain'), 'other kinds stay as they are');

  await waitUntil('the watch to deliver it', async () => cache.get(keyOf('a')) !== undefined);
  t.deepEqual(cache.get(keyOf('a'))?.object.data, { word: 'hush' });
  t.deepEqual(cache.get(keyOf('old'))?.object.data, { word: 'in-clear' }, 'what was in clear is read');

  keys = [newKey('two'), ...keys];
  t.deepEqual((await listPage({ kv, prefix: PREFIX })).items[0]?.object.data, { word: 'hush' });
  t.deepEqual(await rewriteStale(raw, PREFIX, values), { rewritten: 2, unreadable: [] });
  t.deepEqual(await rewriteStale(raw, PREFIX, values), { rewritten: 0, unreadable: [] });
  for (const name of ['a', 'old']) {
    const after = await rawOf(keyOf(name));
    t.true(after.toString().startsWith('holt:enc:aesgcm:v1:two:'), name);
    t.false(after.includes('in-clear') || after.includes('hush'));
  }
  keys = keys.slice(0, 1);
  const both = (await listPage({ kv, prefix: PREFIX })).items.map(({ object }) => object.data);
  t.deepEqual(both, [{ word: 'hush' }, { word: 'in-clear' }], 'the old key is needed no more');

  const moved = await rawOf(keyOf('a'));
  await put(raw, keyOf('thief'), moved);
  const stolen = (await kv.range({ key: keyOf('thief') })).items[0];
  const unreadable = new StoredObject(keyOf('thief'), stolen?.value ?? Buffer.alloc(0), 1);
  t.throws(() => unreadable.json, { message: /secrets\/default\/thief: the stored value cannot be read/ });
  t.throws(() => unreadable.object, { message: /cannot be read/ });
  t.deepEqual((await rewriteStale(raw, PREFIX, values)).unreadable, [keyOf('thief')]);
  await waitUntil('the watch to have it', async () => cache.get(keyOf('thief')) !== undefined);
  t.is(cache.get(OTHER)?.object.metadata.name, 'c', 'the cache lives on');
});

test('the file of keys: what is wrong is said, without a secret', (t) => {
  const good = { id: 'k', secret: randomBytes(32).toString('base64') };
  t.is(parseEncryptionKeys(JSON.stringify({ keys: [good] }))[0]?.secret.length, 32);
  const short = { id: 'k', secret: randomBytes(16).toString('base64') };
  for (const [keys, message] of [
    [[], /keys/],
    [[short], /keys\.0\.secret: must be 32 bytes/],
    [[good, good], /an id stands twice/],
  ] as const) {
    const error = t.throws(() => parseEncryptionKeys(JSON.stringify({ keys })), { message });
    t.false(error.message.includes(short.secret));
  }
});
