import { spawnSync } from 'node:child_process';
import test from 'ava';
import { type CpioEntry, DIRECTORY, EXECUTABLE, REGULAR_FILE, writeCpio } from './cpio.ts';

const entries: CpioEntry[] = [
  { path: 'bin/tool', mode: EXECUTABLE, data: Buffer.from('#!/bin/sh\n') },
  { path: 'bin', mode: DIRECTORY },
  { path: 'bin/link', mode: 0o120777, data: Buffer.from('tool') },
  { path: 'odd', mode: REGULAR_FILE, data: Buffer.from('abc') },
];

test('cpio reads the archive back: types, modes, epoch times, parents first', (t) => {
  const listed = spawnSync('cpio', ['-tvn', '--quiet'], {
    input: writeCpio(entries),
    encoding: 'utf8',
    env: { ...process.env, TZ: 'UTC', LC_ALL: 'C' },
  });
  const lines = listed.stdout
    .trim()
    .split('\n')
    .map((line) => line.replaceAll(/\s+/g, ' '));
  t.deepEqual(lines, [
    'drwxr-xr-x 2 0 0 0 Jan 1 1970 bin',
    'lrwxrwxrwx 1 0 0 4 Jan 1 1970 bin/link -> tool',
    '-rwxr-xr-x 1 0 0 10 Jan 1 1970 bin/tool',
    '-rw-r--r-- 1 0 0 3 Jan 1 1970 odd',
  ]);
});

test('the order of the entries does not show in the bytes', (t) => {
  t.deepEqual(writeCpio([...entries].reverse()), writeCpio(entries));
});

test('every header starts on a multiple of four bytes', (t) => {
  const bytes = writeCpio(entries).toString('latin1');
  const starts = [...bytes.matchAll(/070701/g)].map((match) => match.index % 4);
  t.deepEqual(starts, [0, 0, 0, 0, 0]);
});
