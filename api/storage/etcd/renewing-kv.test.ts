import test from 'ava';
import type { EtcdTls } from './connection.ts';
import type { EtcdKv, RangeResult } from './kv.ts';
import { RenewingKv } from './renewing-kv.ts';

const EMPTY: RangeResult = { revision: 1, items: [], more: false, count: 0 };

function tlsNamed(name: string): EtcdTls {
  return { ca: Buffer.from(name), cert: Buffer.from(name), key: Buffer.from(name) };
}

test('new certificates open new connections; the old ones close after their last call', async (t) => {
  const log: string[] = [];
  let finish = () => {};
  const open = ({ cert }: EtcdTls): EtcdKv => {
    log.push(`open ${cert}`);
    return {
      range: async ({ key }) => {
        log.push(`${key} by ${cert}`);
        if (key === 'slow') await new Promise<void>((resolve) => (finish = resolve));
        return EMPTY;
      },
      txn: () => Promise.reject(new Error('not asked')),
      compact: () => Promise.resolve(),
      close: () => log.push(`close ${cert}`),
    };
  };
  let tls = tlsNamed('first');
  const kv = new RenewingKv(() => tls, open);
  const slow = kv.range({ key: 'slow' });
  tls = tlsNamed('second');
  await kv.range({ key: 'quick' });
  t.deepEqual(log, ['open first', 'slow by first', 'open second', 'quick by second']);
  finish();
  await slow;
  t.is(log.at(-1), 'close first');
  tls = tlsNamed('third');
  await kv.compact(1);
  t.deepEqual(log.slice(-2), ['open third', 'close second']);
  kv.close();
  t.deepEqual(log.slice(-1), ['close third']);
});
