import test from 'ava';
import { exitOf } from './exit.ts';

const inspect = (exitCode: number, oomKilled = false) => ({
  id: 'c1',
  state: 'exited' as const,
  oomKilled,
  exitCode,
  error: '',
  startedAt: '2026-11-24T03:57:17.3335552Z',
  finishedAt: '2026-11-24T03:57:23.896Z',
});

test('reasons of an end', (t) => {
  const reason = (...[answer, clues]: Parameters<typeof exitOf>) => exitOf(answer, clues).reason;
  const silent = { killedFor: undefined, oomKilled: undefined };
  t.is(reason(inspect(0), silent), 'Completed');
  t.is(reason(inspect(1), silent), 'Error');
  t.is(reason(inspect(137, true), silent), 'OOMKilled');
  t.is(reason(inspect(137), silent), 'OOMKilled');
  t.is(reason(inspect(137), { killedFor: 'PidsLimitExceeded', oomKilled: undefined }), 'PidsLimitExceeded');
  t.is(reason(inspect(137), { killedFor: undefined, oomKilled: ['c1'] }), 'OOMKilled');
  t.is(reason(inspect(137), { killedFor: undefined, oomKilled: ['c2'] }), 'Error');
  t.is(reason(inspect(1), { killedFor: undefined, oomKilled: ['c1'] }), 'Error');
  t.is(exitOf(inspect(1), silent).finishedAt, '2026-11-24T03:57:23Z');
});
