import { mkdir, mkdtemp, readdir, rm, stat, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import test, { type ExecutionContext } from 'ava';
import { vmPathsOf } from '../host/vm-identity.ts';
import { TestClock } from '../runtime/testing/test-clock.ts';
import { describeExit } from './describe-exit.ts';
import { rotateLogs } from './log-rotation.ts';
import { ProcessWatch } from './process-watch.ts';
import { clearRun, prepareRunDirectory, readTextOrNothing, writeTextAtomically } from './run-directory.ts';

async function vmsIn(t: ExecutionContext): Promise<string> {
  const directory = await mkdtemp(join(tmpdir(), 'holt-run-'));
  t.teardown(() => rm(directory, { recursive: true }));
  return directory;
}

test('a run directory is prepared without the sockets of an earlier VMM; its record and logs stay', async (t) => {
  const paths = vmPathsOf(await vmsIn(t), 'aaaaaaaaaaaa');
  await prepareRunDirectory(paths);
  for (const path of [paths.apiSocket, paths.vsock, `${paths.vsock}_1024`, paths.events])
    await writeFile(path, '');
  await writeFile(paths.console, 'hello');
  await writeTextAtomically(paths.record, '{}');
  await prepareRunDirectory(paths);
  t.deepEqual((await readdir(paths.directory)).sort(), ['console.log', 'vmm.json']);
  t.is((await stat(paths.directory)).mode & 0o777, 0o700);
  await clearRun(paths);
  await clearRun(paths);
  t.is(await readTextOrNothing(paths.record), undefined);
});

test('why a VMM ended: its events first, then the last line of its log', async (t) => {
  const paths = vmPathsOf(await vmsIn(t), 'aaaaaaaaaaaa');
  t.is(await describeExit(paths), 'it was killed');
  await prepareRunDirectory(paths);
  await writeFile(paths.vmmLog, 'first\nno room\n');
  t.is(await describeExit(paths), 'last line of its log: no room');
  const event = { timestamp: { secs: 1, nanos: 0 }, source: 'guest', event: 'panic', properties: null };
  await writeFile(paths.events, JSON.stringify(event, null, 2));
  t.is(await describeExit(paths), 'the guest kernel panicked');
});

test('a log above its bound is kept once and begun anew; one below is left alone', async (t) => {
  const vmsDirectory = await vmsIn(t);
  const paths = vmPathsOf(vmsDirectory, 'aaaaaaaaaaaa');
  await mkdir(paths.directory);
  await writeFile(paths.console, 'x'.repeat(100_000));
  await writeFile(paths.vmmLog, 'y');
  await rotateLogs({ vmsDirectory, maxBytes: 50_000 });
  t.is((await stat(paths.console)).size, 0);
  t.is((await stat(`${paths.console}.1`)).size, 100_000);
  t.is((await stat(paths.vmmLog)).size, 1);
});

test('the end of a watched process is told once', (t) => {
  const alive = new Set([1, 2]);
  const ended: string[] = [];
  const watch = new ProcessWatch({
    periodMs: 500,
    clock: new TestClock(),
    onEnd: (uid) => ended.push(uid),
    isAlive: ({ pid }) => alive.has(pid),
  });
  watch.set('a', { pid: 1, startTicks: 1 });
  watch.set('b', { pid: 2, startTicks: 1 });
  watch.look();
  alive.delete(1);
  watch.look();
  watch.look();
  t.deepEqual(ended, ['a']);
  watch.set('b', undefined);
  alive.clear();
  watch.look();
  t.deepEqual(ended, ['a']);
});
