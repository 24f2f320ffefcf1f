import test from 'ava';
import fc from 'fast-check';
import { settle, TestClock } from './testing/test-clock.ts';
import { WorkQueue } from './work-queue.ts';

test('a key is there once, however often it is added', async (t) => {
  const queue = new WorkQueue({ clock: new TestClock() });
  queue.add('a');
  queue.add('b');
  queue.add('a');
  t.is(queue.depth, 2);
  t.is(await queue.get(), 'a');
  t.is(await queue.get(), 'b');
  t.is(queue.depth, 0);
});

test('a key added while worked on comes again only after done', async (t) => {
  const queue = new WorkQueue({ clock: new TestClock() });
  queue.add('a');
  await queue.get();
  queue.add('a');
  t.is(queue.depth, 0);
  queue.done('a');
  t.is(queue.depth, 1);
  t.is(await queue.get(), 'a');
  queue.done('a');
  t.is(queue.depth, 0);
});

test("back-off is a key's own, doubles from 5 ms to 60 s, and ends with forget", (t) => {
  const queue = new WorkQueue({ clock: new TestClock() });
  const delays = Array.from({ length: 16 }, () => queue.addRateLimited('a'));
  t.deepEqual(delays.slice(0, 4), [5, 10, 20, 40]);
  t.is(delays.at(-1), 60_000);
  t.is(queue.addRateLimited('b'), 5);
  t.is(queue.failureCount('a'), 16);
  queue.forget('a');
  t.is(queue.addRateLimited('a'), 5);
});

test('a key added after a while comes then; the earlier time counts', async (t) => {
  const clock = new TestClock();
  const queue = new WorkQueue({ clock });
  queue.addAfter('late', 100);
  queue.addAfter('soon', 50);
  queue.addAfter('late', 500);
  await clock.advance(49);
  t.is(queue.depth, 0);
  await clock.advance(1);
  t.is(queue.depth, 1);
  await clock.advance(50);
  t.is(queue.depth, 2);
  await clock.advance(1_000);
  t.is(queue.depth, 2);
});

test('shut down hands out what waits, takes no more, and resolves when all is done', async (t) => {
  const clock = new TestClock();
  const queue = new WorkQueue({ clock });
  queue.add('a');
  queue.addAfter('later', 10);
  let isDrained = false;
  const draining = queue.shutDown().then(() => {
    isDrained = true;
  });
  queue.add('b');
  await clock.advance(20);
  t.is(await queue.get(), 'a');
  t.is(await queue.get(), undefined);
  t.false(isDrained);
  queue.done('a');
  await draining;
  t.true(isDrained);
});

test('waiting workers are woken one a key, and all at the shut down', async (t) => {
  const queue = new WorkQueue({ clock: new TestClock() });
  const got: Array<string | undefined> = [];
  for (let worker = 0; worker < 3; worker += 1) void queue.get().then((key) => got.push(key));
  queue.add('a');
  await settle();
  t.deepEqual(got, ['a']);
  void queue.shutDown();
  await settle();
  t.deepEqual(got, ['a', undefined, undefined]);
});

test('never two workers at a key, and no add is lost', async (t) => {
  const action = fc.oneof(
    fc.record({
      kind: fc.constantFrom('add', 'addAfter', 'addRateLimited'),
      key: fc.constantFrom('a', 'b', 'c'),
    }),
    fc.record({ kind: fc.constantFrom('work', 'advance'), key: fc.constant('') }),
  );
  await fc.assert(
    fc.asyncProperty(fc.array(action, { maxLength: 60 }), async (actions) => {
      const clock = new TestClock();
      const queue = new WorkQueue({ clock, maxDelayMs: 40 });
      const pending = new Set<string>();
      const busy = new Set<string>();
      let isExclusive = true;
      const worker = async () => {
        for (let key = await queue.get(); key !== undefined; key = await queue.get()) {
          isExclusive &&= !busy.has(key);
          busy.add(key);
          pending.delete(key);
          await clock.sleep(7);
          busy.delete(key);
          queue.done(key);
        }
      };
      const workers = [worker(), worker()];
      for (const { kind, key } of actions) {
        if (kind === 'advance') await clock.advance(5);
        else if (kind === 'work') await settle();
        else {
          pending.add(key);
          if (kind === 'add') queue.add(key);
          else if (kind === 'addAfter') queue.addAfter(key, 10);
          else queue.addRateLimited(key);
        }
      }
      await clock.advance(500);
      void queue.shutDown();
      await clock.advance(50);
      await Promise.all(workers);
      return isExclusive && pending.size === 0;
    }),
    { numRuns: 40 },
  );
  t.pass();
});
