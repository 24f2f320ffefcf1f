import test from 'ava';
import fc from 'fast-check';
import { DelayingQueue } from './delaying-queue.ts';
import { TestClock } from './testing/test-clock.ts';

test('keys come in the order of their times, each once, at its earliest time', async (t) => {
  const additions = fc.array(fc.tuple(fc.constantFrom('a', 'b', 'c', 'd', 'e', 'f', 'g'), fc.nat(1_000)), {
    minLength: 1,
    maxLength: 40,
  });
  await fc.assert(
    fc.asyncProperty(additions, async (added) => {
      const clock = new TestClock();
      const released: string[] = [];
      const queue = new DelayingQueue(clock, (key) => released.push(`${key} at ${clock.monotonicMs()}`));
      const earliest = new Map<string, number>();
      const startMs = clock.monotonicMs();
      for (const [key, delayMs] of added) {
        queue.add(key, delayMs);
        earliest.set(key, Math.min(delayMs, earliest.get(key) ?? delayMs));
      }
      for (let step = 0; step <= 1_000; step += 50) await clock.advance(50);
      t.is(queue.size, 0);
      t.is(released.length, earliest.size);
      const keys = released.map((line) => line.split(' ')[0] ?? '');
      const times = keys.map((key) => earliest.get(key) ?? -1);
      t.deepEqual(
        times,
        [...times].sort((one, other) => one - other),
      );
      for (const [index, line] of released.entries())
        t.true(Number(line.split(' at ')[1]) - startMs >= (times[index] ?? 0));
    }),
    { numRuns: 30 },
  );
});

test('a key that is added for sooner than the next one is not kept waiting', async (t) => {
  const clock = new TestClock();
  const released: string[] = [];
  const queue = new DelayingQueue(clock, (key) => released.push(key));
  queue.add('late', 10_000);
  queue.add('soon', 100);
  await clock.advance(100);
  t.deepEqual(released, ['soon']);
  queue.stop();
  t.is(queue.size, 0);
});
