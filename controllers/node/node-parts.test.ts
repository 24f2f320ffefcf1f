import { mkdir, mkdtemp, open, readdir, readFile, rm, stat, symlink, writeFile } from 'node:fs/promises';
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
  t.deepEqual((await readdir(paths.directory)).sort(), ['run', 'snapshot', 'vmm.json']);
  t.deepEqual(await readdir(paths.runtime), ['console.log']);
  for (const directory of [paths.directory, paths.runtime]) t.is((await stat(directory)).mode & 0o777, 0o700);
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
  await mkdir(paths.runtime, { recursive: true });
  await writeFile(paths.console, 'x'.repeat(100_000));
  await writeFile(paths.vmmLog, 'y');
  await rotateLogs({ vmsDirectory, maxBytes: 50_000 });
  t.is((await stat(paths.console)).size, 0);
  t.is((await stat(join(paths.directory, 'console.log.1'))).size, 100_000);
  t.is((await stat(paths.vmmLog)).size, 1);
});

test('what a VMM puts in the place of its files leads nowhere', async (t) => {
  const vmsDirectory = await vmsIn(t);
  const paths = vmPathsOf(vmsDirectory, 'aaaaaaaaaaaa');
  await mkdir(paths.runtime, { recursive: true });
  const foreign = join(vmsDirectory, 'foreign');
  const panic = { timestamp: { secs: 1, nanos: 0 }, source: 'guest', event: 'panic', properties: null };
  await writeFile(foreign, JSON.stringify(panic).padEnd(100_000));
  await symlink(foreign, paths.console);
  await symlink(foreign, paths.events);
  await t.throwsAsync(rotateLogs({ vmsDirectory, maxBytes: 50_000 }), { message: /symbolic link/ });
  t.is((await stat(foreign)).size, 100_000);
  t.is(await describeExit(paths), 'it was killed');
});

test('of a sparse log that begins late the end is kept', async (t) => {
  const vmsDirectory = await vmsIn(t);
  const paths = vmPathsOf(vmsDirectory, 'aaaaaaaaaaaa');
  await mkdir(paths.runtime, { recursive: true });
  await writeFile(paths.console, '');
  const file = await open(paths.console, 'r+');
  await file.write('z'.repeat(100_000), 5_000_000);
  await file.close();
  await rotateLogs({ vmsDirectory, maxBytes: 50_000 });
  const kept = await readFile(join(paths.directory, 'console.log.1'), 'utf8');
  t.true(kept.endsWith('z'.repeat(100_000)) && kept.length < 200_000);
});

test('the end of a watched process is told once', (t) => {
  const alive = new Set([1, 2]);
  const ended: string[] = [];
  const watch = new ProcessWatch({
    periodMs: 500,
    clock: new TestClock(),
    onEnd: (uid) => ended.push(uid),
    isAlive: ({ pid, startTicks }) => alive.has(pid) && startTicks === 1,
    isPidInUse: (pid) => alive.has(pid),
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
  // Another process has the pid: found at a later look.
  alive.add(3);
  watch.set('c', { pid: 3, startTicks: 2 });
  for (let count = 0; count < 20; count += 1) watch.look();
  t.deepEqual(ended, ['a', 'c']);
});
