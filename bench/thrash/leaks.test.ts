import test from 'ava';
import { leaksBetween } from './leaks.ts';

test('anything that there is more of is a leak, but for a few kept connections', (t) => {
  const before = { taps: 0, 'descriptors of etcd': 20, routes: 2 };
  t.deepEqual(leaksBetween(before, { taps: 0, 'descriptors of etcd': 26, routes: 1 }), []);
  t.deepEqual(leaksBetween(before, { taps: 1, 'descriptors of etcd': 60, routes: 2, sockets: 3 }), [
    { what: 'taps', before: 0, after: 1 },
    { what: 'descriptors of etcd', before: 20, after: 60 },
    { what: 'sockets', before: 0, after: 3 },
  ]);
});
