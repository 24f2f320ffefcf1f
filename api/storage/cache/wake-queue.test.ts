import { setImmediate as nextTurn } from 'node:timers/promises';
import test from 'ava';
import { WakeQueue } from './wake-queue.ts';

test('readers are woken in slices, in order, and once for all that came meanwhile', async (t) => {
  const woken: string[] = [];
  const readers = ['a', 'b', 'c', 'd', 'e'].map((name) => () => {
    woken.push(name);
  });
  const queue = new WakeQueue(2);
  queue.wake(readers);
  t.is(woken.join(''), 'ab');
  queue.wake(readers);
  t.is(woken.join(''), 'ab', 'a slice is on its way already');
  const [, , , gone = () => {}] = readers;
  queue.forget(gone);
  while (woken.length < 6) await nextTurn();
  await nextTurn();
  t.is(woken.join(''), 'abceab');
  queue.wake(readers.slice(0, 1));
  t.is(woken.join(''), 'abceaba', 'one that is alone does not wait');
});
