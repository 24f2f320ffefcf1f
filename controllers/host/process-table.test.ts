import test from 'ava';
import { identifyProcess } from '../../lib/process-identity.ts';
import { apiSocketOf, listProcesses, parseProcessStat, readProcess } from './process-table.ts';

test('a command name with blanks and parentheses does not shift the fields', (t) => {
  const text = `42 (a) b (c)) S 1 42 42 0 -1 4194560 ${'0 '.repeat(12)}9876 0`;
  t.deepEqual(parseProcessStat(text), { state: 'S', sessionId: 42, startTicks: 9876 });
  t.is(parseProcessStat('nonsense'), undefined);
});

test('the API socket is found in both forms of the option', (t) => {
  t.is(
    apiSocketOf(['ch', '--api-socket', 'path=/vm/a/api.sock', '--event-monitor', 'path=/vm/a/events']),
    '/vm/a/api.sock',
  );
  t.is(apiSocketOf(['ch', '--api-socket=/vm/a/api.sock']), '/vm/a/api.sock');
  t.is(apiSocketOf(['tail', '-f', '/vm/a/api.sock']), undefined);
});

test('this process is listed under its own identity', async (t) => {
  const own = identifyProcess(process.pid);
  const entry = await readProcess(process.pid);
  t.is(entry?.startTicks, own?.startTicks);
  t.true(
    (await listProcesses()).some(({ pid, startTicks }) => pid === own?.pid && startTicks === own.startTicks),
  );
  t.is(await readProcess(2 ** 22 + 1), undefined);
});
