import { createServer } from 'node:http2';
import type { AddressInfo } from 'node:net';
import test from 'ava';
import { type EtcdProcess, startEtcd } from '../../testing/etcd-process.ts';
import { freePorts } from '../../testing/free-ports.ts';
import { startTcpProxy } from '../../testing/tcp-proxy.ts';
import { waitUntil } from '../../testing/wait-until.ts';
import { StorageError } from '../storage-error.ts';
import { wasNeverSent } from './classify-error.ts';
import { Etcd3Kv } from './etcd-kv.ts';

let etcd: EtcdProcess;
let kv: Etcd3Kv;

test.before(async () => {
  etcd = await startEtcd();
  kv = new Etcd3Kv(etcd.connection);
});

test.after.always(async () => {
  kv?.close();
  await etcd?.dispose();
});

const put = (key: string, value: string | Buffer, target = kv) =>
  target.txn({ compare: [], success: [{ put: key, value: Buffer.from(value) }] });

async function failure(call: Promise<unknown>): Promise<StorageError> {
  const error = await call.then(
    () => new Error('no failure'),
    (reason) => reason,
  );
  if (error instanceof StorageError) return error;
  throw error;
}

test('reads, writes, compares and compacts', async (t) => {
  const { revision } = await put('a/one', '1');
  await put('a/two', '2');
  const found = await kv.range({ key: 'a/', rangeEnd: Buffer.from('a0'), limit: 1 });
  t.is(found.count, 2);
  t.true(found.more);
  t.deepEqual(found.items, [{ key: 'a/one', value: Buffer.from('1'), modRevision: revision }]);
  const txn = {
    compare: [
      { key: 'a/one', modRevision: 0 },
      { key: 'a/none', modRevision: 0 },
    ],
    success: [],
  };
  const lost = await kv.txn(txn);
  t.false(lost.succeeded);
  t.is(lost.observed.get('a/one')?.modRevision, revision);
  t.true(lost.observed.has('a/none'));
  t.is(lost.observed.get('a/none'), undefined);
  const compare = [{ key: 'a/one', modRevision: revision }];
  const won = await kv.txn({
    compare,
    success: [{ put: 'a/three', value: Buffer.from('') }, { delete: 'a/one' }],
  });
  t.true(won.succeeded);
  t.is((await kv.range({ key: 'a/one' })).items.length, 0);
  t.deepEqual((await kv.range({ key: 'a/three' })).items[0]?.value, Buffer.alloc(0));
  t.is((await kv.range({ key: 'a/one', revision })).items[0]?.modRevision, revision);
  await kv.compact(won.revision);
  t.is((await failure(kv.range({ key: 'a/one', revision }))).kind, 'compacted');
  t.is((await failure(kv.range({ key: 'a/one', revision: won.revision + 1_000 }))).kind, 'future-revision');
});

test('large values go both ways, many at once, over one connection', async (t) => {
  const proxy = await startTcpProxy(etcd.port);
  const endpoints = [`http://127.0.0.1:${proxy.port}`];
  const own = new Etcd3Kv({ ...etcd.connection, endpoints });
  t.teardown(async () => {
    own.close();
    await proxy.close();
  });
  const value = (index: number) => Buffer.alloc(400_000, index);
  await Promise.all(
    Array.from({ length: 30 }, (_, index) => put(`large/${10 + index}`, value(10 + index), own)),
  );
  const { items } = await own.range({ key: 'large/', rangeEnd: Buffer.from('large0') });
  t.is(items.length, 30);
  t.true(items.every((item, index) => item.value.equals(value(10 + index))));
  t.is(proxy.connectionCount, 1);
  for (const size of [1_600_000, 3_000_000])
    t.is((await failure(put('too-large', Buffer.alloc(size), own))).kind, 'too-large');
});

test('a call that never left is told from one whose answer was lost', async (t) => {
  const [dead = 0] = await freePorts(1);
  const nowhere = new Etcd3Kv({ ...etcd.connection, endpoints: [`http://127.0.0.1:${dead}`] });
  const unsent = await failure(put('key', 'value', nowhere));
  nowhere.close();
  t.is(unsent.kind, 'unavailable');
  t.true(wasNeverSent(unsent));
  const proxy = await startTcpProxy(etcd.port);
  const own = new Etcd3Kv({ ...etcd.connection, endpoints: [`http://127.0.0.1:${proxy.port}`] });
  t.teardown(async () => {
    own.close();
    await proxy.close();
  });
  await own.range({ key: 'key' });
  proxy.stall();
  const lost = failure(put('key', 'value', own));
  await new Promise((resolve) => setImmediate(resolve));
  proxy.cut();
  t.is((await lost).kind, 'unavailable');
  t.false(wasNeverSent(await lost));
  proxy.heal();
  await waitUntil('the next connection', () =>
    own.range({ key: 'key' }).then(
      () => true,
      () => false,
    ),
  );
});

test('a deadline ends a call that gets no answer, and the connection goes on', async (t) => {
  const proxy = await startTcpProxy(etcd.port);
  const connection = { endpoints: [`http://127.0.0.1:${proxy.port}`], requestTimeoutMs: 300 };
  const own = new Etcd3Kv(connection);
  t.teardown(async () => {
    own.close();
    await proxy.close();
  });
  proxy.stall();
  t.true(wasNeverSent(await failure(put('key', 'value', own))), 'there was no connection yet');
  proxy.heal();
  await own.range({ key: 'key' });
  proxy.stall();
  const late = await failure(put('key', 'value', own));
  t.is(late.kind, 'unavailable');
  t.false(wasNeverSent(late));
  proxy.heal();
  await waitUntil('an answer', () =>
    own.range({ key: 'key' }).then(
      () => true,
      () => false,
    ),
  );
  own.close();
  t.true(wasNeverSent(await failure(own.range({ key: 'key' }))));
});

test('answers that are none of gRPC are told as what they are', async (t) => {
  const asked: string[] = [];
  const server = createServer((request, response) => {
    asked.push(request.url.split('/').at(-1) ?? '');
    if (request.url.endsWith('Range')) response.writeHead(503).end('busy');
    else if (request.url.endsWith('Txn')) response.writeHead(200).end('no frame');
    else response.stream.close(7);
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const { port } = server.address() as AddressInfo;
  const own = new Etcd3Kv({ ...etcd.connection, endpoints: [`http://127.0.0.1:${port}`] });
  t.teardown(() => {
    own.close();
    server.close();
  });
  const busy = await failure(own.range({ key: 'key' }));
  t.is(busy.kind, 'unavailable');
  t.regex(busy.message, /HTTP status code 503/);
  t.is((await failure(put('key', 'value', own))).kind, 'unavailable');
  t.deepEqual(asked.splice(0), ['Range', 'Txn'], 'what may have been carried out is not asked again');
  t.true(wasNeverSent(await failure(own.compact(1))), 'a refused stream was not worked on');
  t.true(asked.length <= 2, 'grpc-js may ask once more for what was refused');
});
