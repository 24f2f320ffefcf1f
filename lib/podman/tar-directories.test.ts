import { mkdtemp, readdir, rm, stat } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import test from 'ava';
import { runChecked, runCommand } from '../run-command.ts';
import { tarDirectories } from './tar-directories.ts';

test('tar unpacks the directories with their mode', async (t) => {
  const directory = await mkdtemp(join(tmpdir(), 'holt-tar-'));
  t.teardown(() => rm(directory, { recursive: true }));
  const input = tarDirectories(['data', 'files-2']).toString('latin1');
  await runChecked(runCommand, ['tar', '-x', '-f', '-', '-C', directory], { input });
  t.deepEqual((await readdir(directory)).sort(), ['data', 'files-2']);
  t.is((await stat(join(directory, 'data'))).mode & 0o7777, 0o755);
});

test('names that lead elsewhere are refused', (t) => {
  for (const name of ['', '.', '..', 'a/b', '/a', 'x'.repeat(100)])
    t.throws(() => tarDirectories([name]), { instanceOf: RangeError });
});
