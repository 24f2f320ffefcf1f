import test from 'ava';
import { createLogger } from '../../../lib/logger.ts';
import { type EtcdProcess, startEtcd } from '../../testing/etcd-process.ts';
import { startTcpProxy } from '../../testing/tcp-proxy.ts';
import { waitUntil } from '../../testing/wait-until.ts';
import { Etcd3Kv } from '../etcd/etcd-kv.ts';
import type { KeyEvent } from './watch-event.ts';
import { WatchStream } from './watch-stream.ts';

const logger = createLogger('test', 'error');
const PREFIX = '/holt/watch-test/';

let etcd: EtcdProcess;
let kv: Etcd3Kv;

test.before(async () => {
  etcd = await startEtcd();
  kv = new Etcd3Kv(etcd.connection);
});

test.after.always(async () => {
  kv.close();
  await etcd.dispose();
});

const put = (key: string, value: string | Buffer) =>
  kv.txn({ compare: [], success: [{ put: key, value: Buffer.from(value) }] });

test.serial('no event is lost, doubled or out of order when the connection is cut under load', async (t) => {
  const proxy = await startTcpProxy(etcd.port);
  t.teardown(() => proxy.close());
  const seen: KeyEvent[] = [];
  const { revision } = await kv.range({ key: PREFIX });
  const stream = new WatchStream({
    connection: { ...etcd.connection, endpoints: [`http://127.0.0.1:${proxy.port}`] },
    prefix: PREFIX,
    startRevision: revision + 1,
    logger,
    onEvents: (events) => seen.push(...events),
    onCompacted: () => t.fail('nothing was compacted'),
  });
  t.teardown(() => stream.close());
  const putCount = 5_000;
  const written: number[] = [];
  let next = 0;
  const writer = async () => {
    while (next < putCount) {
      const index = next++;
      written.push((await put(`${PREFIX}key-${index % 50}`, String(index))).revision);
    }
  };
  const writing = Promise.all(Array.from({ length: 32 }, writer));
  for (let cuts = 1; cuts <= 8; cuts += 1) {
    await waitUntil(
      'a connection to cut, under load',
      () => proxy.connectionCount >= cuts && seen.length >= cuts * 400,
    );
    proxy.cut();
  }
  await writing;
  await waitUntil('all events', () => seen.length >= putCount);
  written.sort((a, b) => a - b);
  t.deepEqual(
    seen.map((event) => event.modRevision),
    written,
  );
  t.true(proxy.connectionCount > 8, `${proxy.connectionCount} connections`);
});

test.serial('a transaction of more bytes than a fragment holds arrives as one step', async (t) => {
  const batches: (readonly KeyEvent[])[] = [];
  const { revision } = await kv.range({ key: PREFIX });
  for (let round = 0; round < 8; round += 1) {
    const success = Array.from({ length: 10 }, (_, index) => ({
      put: `${PREFIX}large-${round}-${index}`,
      value: Buffer.alloc(100_000, index),
    }));
    await kv.txn({ compare: [], success });
  }
  const stream = new WatchStream({
    connection: etcd.connection,
    prefix: PREFIX,
    startRevision: revision + 1,
    logger,
    onEvents: (events) => batches.push(events),
    onCompacted: () => t.fail('nothing was compacted'),
  });
  t.teardown(() => stream.close());
  await waitUntil('80 events', () => batches.flat().length >= 80);
  for (const batch of batches) {
    const counts = Map.groupBy(batch, (event) => event.modRevision);
    for (const events of counts.values()) t.is(events.length, 10);
  }
});

test.serial('a restart of etcd is survived, and events carry what was there before', async (t) => {
  const seen: KeyEvent[] = [];
  await put(`${PREFIX}life`, 'one');
  const { revision } = await kv.range({ key: PREFIX });
  const stream = new WatchStream({
    connection: etcd.connection,
    prefix: PREFIX,
    startRevision: revision + 1,
    logger,
    onEvents: (events) => seen.push(...events),
    onCompacted: () => t.fail('nothing was compacted'),
  });
  t.teardown(() => stream.close());
  await put(`${PREFIX}life`, 'two');
  await waitUntil('the first event', () => seen.length === 1);
  await etcd.kill();
  await etcd.start();
  await kv.txn({ compare: [], success: [{ delete: `${PREFIX}life` }] });
  await put(`${PREFIX}life`, 'three');
  await waitUntil('the events after the restart', () => seen.length === 3);
  t.deepEqual(
    seen.map((event) => [
      event.type,
      event.isCreate,
      event.value.toString(),
      event.previous?.value.toString(),
    ]),
    [
      ['put', false, 'two', 'one'],
      ['delete', false, '', 'two'],
      ['put', true, 'three', undefined],
    ],
  );
});

/** A stream's events up to the one of `last`, or the revision of the compaction that ended it. */
function collect(startRevision: number, last: number): Promise<readonly KeyEvent[] | number> {
  return new Promise((resolve) => {
    const seen: KeyEvent[] = [];
    const stream = new WatchStream({
      connection: etcd.connection,
      prefix: PREFIX,
      startRevision,
      logger,
      onEvents: (events) => {
        seen.push(...events);
        if ((seen.at(-1)?.modRevision ?? 0) < last) return;
        stream.close();
        resolve(seen);
      },
      onCompacted: resolve,
    });
  });
}

test.serial('a compacted start is told, with the revision to go on from', async (t) => {
  const { revision } = await kv.range({ key: PREFIX });
  await kv.compact(revision);
  t.is(await collect(1, revision), revision);
});

test.serial('a deletion at the very revision of a compaction is never passed over in silence', async (t) => {
  await put(`${PREFIX}gone`, 'one');
  const { revision } = await kv.txn({ compare: [], success: [{ delete: `${PREFIX}gone` }] });
  const last = (await put(`${PREFIX}later`, 'two')).revision;
  const whole = await collect(revision, last);
  t.deepEqual(typeof whole === 'number' ? whole : whole.map(({ type }) => type), ['delete', 'put']);
  await kv.compact(revision);
  t.is(await collect(revision, last), revision, 'the deletion can no longer be had');
  const rest = await collect(revision + 1, last);
  t.deepEqual(typeof rest === 'number' ? rest : rest.map(({ modRevision }) => modRevision), [last]);
});
