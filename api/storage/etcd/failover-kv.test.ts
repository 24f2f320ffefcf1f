import test from 'ava';
import { type EtcdProcess, startEtcd } from '../../testing/etcd-process.ts';
import { freePorts } from '../../testing/free-ports.ts';
import { StorageError } from '../storage-error.ts';
import { FailoverKv, openKv } from './failover-kv.ts';
import type { EtcdKv } from './kv.ts';

let etcd: EtcdProcess;

test.before(async () => {
  etcd = await startEtcd();
});

test.after.always(() => etcd?.dispose());

const put = { compare: [], success: [{ put: 'key', value: Buffer.from('value') }] };

test('calls go to the member that answers, and stay there', async (t) => {
  const [dead = 0] = await freePorts(1);
  const endpoints = [`http://127.0.0.1:${dead}`, ...etcd.connection.endpoints];
  const outcomes: string[] = [];
  const kv = openKv({ ...etcd.connection, endpoints }, (operation, outcome) =>
    outcomes.push(`${operation} ${outcome}`),
  );
  t.teardown(() => kv.close());
  t.true((await kv.txn(put)).succeeded);
  t.is((await kv.range({ key: 'key' })).count, 1);
  t.deepEqual(outcomes, ['txn unavailable', 'txn ok', 'range ok']);
});

test('a transaction that may have been carried out is not repeated, a read is', async (t) => {
  const calls: string[] = [];
  const broken = (name: string): EtcdKv => {
    const fail = async () => {
      calls.push(name);
      throw new StorageError('unavailable', 'the connection was dropped');
    };
    return { range: fail, txn: fail, compact: fail, close: () => {} };
  };
  const kv = new FailoverKv([broken('one'), broken('two'), broken('three')]);
  await t.throwsAsync(kv.txn(put), { instanceOf: StorageError });
  t.deepEqual(calls.splice(0), ['one']);
  await t.throwsAsync(kv.range({ key: 'key' }), { instanceOf: StorageError });
  t.deepEqual(calls.splice(0), ['two', 'three', 'one']);
});
