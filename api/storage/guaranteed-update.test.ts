import test from 'ava';
import { type EtcdProcess, startEtcd } from '../testing/etcd-process.ts';
import { Etcd3Kv } from './etcd/etcd-kv.ts';
import { guaranteedUpdate, type WritePlan } from './guaranteed-update.ts';
import { StorageError } from './storage-error.ts';
import { encodeObject, StoredObject } from './stored-object.ts';

let etcd: EtcdProcess;
let kv: Etcd3Kv;
let etcdCalls: string[] = [];

test.before(async () => {
  etcd = await startEtcd();
  kv = new Etcd3Kv(etcd.connection, (operation) => etcdCalls.push(operation));
});

test.after.always(async () => {
  kv.close();
  await etcd.dispose();
});

const counter = (count: number) =>
  encodeObject({ apiVersion: 'v1', kind: 'Counter', metadata: { name: 'c' }, spec: { count } });

function increment(current: StoredObject | undefined): WritePlan {
  const count = (current?.object.spec as { count: number } | undefined)?.count ?? 0;
  return { action: 'put', value: counter(count + 1) };
}

test.serial('no increment is lost among concurrent writers', async (t) => {
  const key = '/holt/test/concurrent';
  const update = () => guaranteedUpdate({ kv, key, cached: undefined, plan: increment });
  await Promise.all(Array.from({ length: 12 }, update));
  const [item] = (await kv.range({ key })).items;
  t.deepEqual(JSON.parse(item?.value.toString() ?? '').spec, { count: 12 });
});

test.serial('one transaction and no read where the cached copy is current', async (t) => {
  const key = '/holt/test/cached';
  const first = await guaranteedUpdate({ kv, key, cached: undefined, assumeAbsent: true, plan: increment });
  etcdCalls = [];
  const second = await guaranteedUpdate({ kv, key, cached: first.stored, plan: increment });
  t.deepEqual(etcdCalls, ['txn']);
  etcdCalls = [];
  const third = await guaranteedUpdate({ kv, key, cached: first.stored, plan: increment });
  t.deepEqual(etcdCalls, ['txn', 'txn'], 'a stale copy costs one more');
  t.deepEqual(third.stored?.object.spec, { count: 3 });
  t.true((third.stored?.modRevision ?? 0) > (second.stored?.modRevision ?? 0));
});

test.serial('what a plan says of a stale copy does not count', async (t) => {
  const key = '/holt/test/stale';
  await guaranteedUpdate({ kv, key, cached: undefined, plan: increment });
  const stale = new StoredObject(key, counter(99), 1);
  const plan = (current: StoredObject | undefined): WritePlan => {
    if (current?.modRevision === 1) throw new Error('stale');
    return { action: 'none' };
  };
  const result = await guaranteedUpdate({ kv, key, cached: stale, plan });
  t.deepEqual(result.stored?.object.spec, { count: 1 });
  const refusal = guaranteedUpdate({
    kv,
    key,
    cached: stale,
    plan: () => {
      throw new Error('refused');
    },
  });
  await t.throwsAsync(refusal, { message: 'refused' });
});

test.serial('a guard that fails for good ends the update, and nothing is written', async (t) => {
  const key = '/holt/test/guarded';
  const claim = '/holt/test/claim';
  const plan = (): WritePlan => ({
    action: 'put',
    value: counter(1),
    guards: [{ key: claim, modRevision: 0, onMismatch: () => new Error('taken') }],
    also: [{ put: claim, value: Buffer.from('mine') }],
  });
  await guaranteedUpdate({ kv, key, cached: undefined, plan });
  const second = guaranteedUpdate({ kv, key: `${key}-2`, cached: undefined, plan });
  await t.throwsAsync(second, { message: 'taken' });
  t.is((await kv.range({ key: `${key}-2` })).items.length, 0);
});

test.serial('a guard that never holds is contention, not an endless loop', async (t) => {
  const plan = (): WritePlan => ({
    action: 'put',
    value: counter(1),
    guards: [{ key: '/holt/test/absent', modRevision: 1, onMismatch: () => undefined }],
  });
  const update = guaranteedUpdate({ kv, key: '/holt/test/hot', cached: undefined, plan });
  const error = await t.throwsAsync(update, { instanceOf: StorageError });
  t.is(error?.kind, 'contention');
});

test('the bytes and the JSON of an object differ in the resourceVersion alone', (t) => {
  const object = {
    spec: { note: '"metadata":{' },
    kind: 'X',
    metadata: { resourceVersion: '1', name: 'n' },
    apiVersion: 'v1',
  };
  const stored = new StoredObject('k', encodeObject(object), 7);
  t.false(stored.bytes.toString().includes('resourceVersion'));
  t.deepEqual(JSON.parse(stored.json.toString()), {
    ...object,
    metadata: { name: 'n', resourceVersion: '7' },
  });
  t.deepEqual(stored.object, JSON.parse(stored.json.toString()));
});
