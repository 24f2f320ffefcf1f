import test from 'ava';
import fc from 'fast-check';
import { jitteredDelayMs } from './restart-backoff.ts';

const backoff = { baseDelayMs: 100, maxDelayMs: 10_000 };

test('doubles from the base to the maximum', (t) => {
  const longest = (failures: number) => jitteredDelayMs(failures, backoff, () => 1);
  t.deepEqual([1, 2, 3, 8, 1_000].map(longest), [100, 200, 400, 10_000, 10_000]);
});

test('at least half, at most all of it', (t) => {
  fc.assert(
    fc.property(
      fc.integer({ min: 1, max: 100 }),
      fc.double({ min: 0, max: 0.999, noNaN: true }),
      (failures, random) => {
        const fullMs = Math.min(100 * 2 ** (failures - 1), 10_000);
        const delayMs = jitteredDelayMs(failures, backoff, () => random);
        return delayMs >= fullMs / 2 && delayMs <= fullMs;
      },
    ),
  );
  t.pass();
});
