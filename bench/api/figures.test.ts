import test from 'ava';
import { compareFigures } from './figures.ts';

test('a figure stands beside those of others that measured the same', (t) => {
  const own = new Map([
    ['get', 300],
    ['list', 5],
  ]);
  const others = { etcd: new Map([['get', 600]]), peer: undefined };
  t.deepEqual(compareFigures(own, others), ['get: 300/s, etcd 600/s: ratio 0.50', 'list: 5.0/s']);
});
