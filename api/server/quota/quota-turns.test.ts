import test from 'ava';
import { QuotaTurns } from './quota-turns.ts';

test('turns come in the order in which they were asked for; each has what those before have seen', async (t) => {
  const turns = new QuotaTurns();
  const order: string[] = [];
  const first = await turns.take('team');
  const work = async (name: string) => {
    const turn = await turns.take('team');
    order.push(`${name} after ${[...turn.seen.keys()].join()}`);
    turn.seen.set(name, { modRevision: 1, stored: undefined });
    turn.release();
  };
  const others = [work('a'), work('b'), work('c')];
  t.deepEqual(order, []);
  first.release();
  await Promise.all(others);
  t.deepEqual(order, ['a after ', 'b after a', 'c after a,b']);
});

test('namespaces do not wait for each other, and an idle one keeps nothing in mind', async (t) => {
  const turns = new QuotaTurns();
  const one = await turns.take('one');
  const other = await turns.take('other');
  one.seen.set('key', { modRevision: 1, stored: undefined });
  one.release();
  other.release();
  t.is((await turns.take('one')).seen.size, 0);
});

test('who waits too long, or behind too many, is told to try again, and leaves the line', async (t) => {
  const turns = new QuotaTurns({ waitingMax: 1, waitMs: 1 });
  const first = await turns.take('team');
  const late = turns.take('team');
  const tooMany = await t.throwsAsync(turns.take('team'));
  const tooLate = await t.throwsAsync(late);
  for (const error of [tooMany, tooLate]) {
    t.like(error, { code: 429, reason: 'TooManyRequests', details: { retryAfterSeconds: 1 } });
    t.regex(error.message, /quotas of namespace team: try again/);
  }
  first.release();
  (await turns.take('team')).release();
});
