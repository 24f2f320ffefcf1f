import test from 'ava';
import { percentile } from './statistics.ts';

test('nearest rank', (t) => {
  const samples = Array.from({ length: 100 }, (_, index) => 100 - index);
  t.is(percentile(samples, 50), 50);
  t.is(percentile(samples, 99), 99);
  t.is(percentile([7], 99), 7);
  t.throws(() => percentile([], 50), { instanceOf: RangeError });
});
