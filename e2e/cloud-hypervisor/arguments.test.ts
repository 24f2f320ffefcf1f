import test from 'ava';
import { parseArguments, UsageError } from './arguments.ts';

test('both ways to give a value, and a bare socket path', (t) => {
  const given = parseArguments([
    '--api-socket',
    'path=/a',
    '--event-monitor=path=/e',
    '-vv',
    '-v',
    '--no-shutdown',
  ]);
  t.like(given, { apiSocket: '/a', eventMonitor: '/e', verbosity: 3, noShutdown: true, version: false });
  t.is(parseArguments(['--api-socket', '/b']).apiSocket, '/b');
});

test('refuses what the real one refuses, and descriptors', (t) => {
  for (const argv of [['--nope'], ['--api-socket'], ['extra'], ['--api-socket', 'fd=3']]) {
    t.throws(() => parseArguments(argv), { instanceOf: UsageError }, argv.join(' '));
  }
});
