import { chown, mkdtemp, readdir, readFile, rm, symlink, utimes, writeFile } from 'node:fs/promises';
import { createServer } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import test, { type ExecutionContext } from 'ava';
import { type VmPaths, vmPathsOf } from '../host/vm-identity.ts';
import { VmmClient } from '../vmm/vmm-client.ts';
import { prepareRunDirectory, readTextOrNothing } from './run-directory.ts';
import {
  flushVolume,
  removeStandby,
  requireSnapshotRoom,
  restoreSnapshot,
  takeSnapshot,
  volumeMarkOf,
  writeStandby,
} from './vm-snapshot.ts';

const FILES = ['config.json', 'state.json', 'memory-ranges'];

/** A VMM that has nothing but the calls of a snapshot. */
class FakeVmm {
  version = 'v53.0';
  readonly calls: string[] = [];
  /** What it makes in the place of its memory. */
  makeMemory = (path: string) => writeFile(path, 'memory'.repeat(1_000_000), { flag: 'wx' });

  async serve(socketPath: string): Promise<() => void> {
    const server = createServer(async (request, response) => {
      let body = '';
      for await (const chunk of request) body += chunk;
      const call = request.url?.split('/').at(-1) ?? '';
      this.calls.push(call);
      if (call === 'vm.snapshot') await this.#write(JSON.parse(body).destination_url.slice('file://'.length));
      if (call === 'vmm.ping') response.end(JSON.stringify({ version: this.version }));
      else response.writeHead(204).end();
    });
    await new Promise<void>((resolve) => server.listen(socketPath, resolve));
    return () => server.close();
  }

  async #write(folder: string): Promise<void> {
    for (const name of ['config.json', 'state.json'])
      await writeFile(join(folder, name), name, { flag: 'wx' });
    await this.makeMemory(join(folder, 'memory-ranges'));
  }
}

async function begin(t: ExecutionContext): Promise<{ paths: VmPaths; vmm: FakeVmm; client: VmmClient }> {
  const directory = await mkdtemp(join(tmpdir(), 'snap-'));
  t.teardown(() => rm(directory, { recursive: true }));
  const paths = vmPathsOf(directory, 'aaaaaaaaaaaa');
  await prepareRunDirectory(paths);
  const vmm = new FakeVmm();
  t.teardown(await vmm.serve(paths.apiSocket));
  return { paths, vmm, client: new VmmClient({ socketPath: paths.apiSocket }) };
}

test('what is written out is restored; it may be written out again', async (t) => {
  const { paths, vmm, client } = await begin(t);
  await takeSnapshot(paths, client, { timeoutMs: 5_000 });
  const snapshot = await takeSnapshot(paths, client, { timeoutMs: 5_000 });
  t.deepEqual(
    snapshot.files.map(({ name, bytes }) => [name, bytes]),
    [
      ['config.json', 11],
      ['state.json', 10],
      ['memory-ranges', 6_000_000],
    ],
  );
  await restoreSnapshot(paths, client, { snapshot, timeoutMs: 5_000 });
  t.is(vmm.calls.at(-1), 'vm.restore');
});

test('a file that lost a bit, its end or itself, and another VMM, are told before the VMM is asked', async (t) => {
  const { paths, vmm, client } = await begin(t);
  const snapshot = await takeSnapshot(paths, client, { timeoutMs: 5_000 });
  const restore = () => restoreSnapshot(paths, client, { snapshot, timeoutMs: 5_000 });
  const memory = join(paths.snapshot, 'memory-ranges');
  const whole = await readFile(memory);
  const flipped = Buffer.from(whole);
  flipped.writeUInt8((flipped[5_000_000] ?? 0) ^ 1, 5_000_000);
  for (const wrong of [flipped, whole.subarray(0, -1)]) {
    await writeFile(memory, wrong);
    await t.throwsAsync(restore(), { name: 'SnapshotError', message: /not as it was written/ });
  }
  await rm(memory);
  await t.throwsAsync(restore(), { name: 'SnapshotError', message: /ENOENT/ });
  await writeFile(memory, whole);
  vmm.version = 'v54.0';
  await t.throwsAsync(restore(), { name: 'SnapshotError', message: /v53\.0 wrote it, and VMM v54\.0/ });
  t.false(vmm.calls.includes('vm.restore'));
});

test('a link that the VMM puts in the place of its memory leads nowhere', async (t) => {
  const { paths, vmm, client } = await begin(t);
  const foreign = join(paths.directory, 'foreign');
  await writeFile(foreign, 'keep');
  vmm.makeMemory = (path) => symlink(foreign, path);
  await t.throwsAsync(takeSnapshot(paths, client, { timeoutMs: 5_000 }), { name: 'UntrustedPathError' });
  await removeStandby(paths);
  t.is(await readFile(foreign, 'utf8'), 'keep');
});

test('taken back, neither the word nor a file of the snapshot is there; twice is as once', async (t) => {
  const { paths, client } = await begin(t);
  await takeSnapshot(paths, client, { timeoutMs: 5_000 });
  await writeStandby(paths, '{}');
  t.deepEqual((await readdir(paths.snapshot)).sort(), FILES.toSorted());
  await removeStandby(paths);
  await removeStandby(paths);
  t.is(await readTextOrNothing(paths.standby), undefined);
  t.deepEqual(await readdir(paths.snapshot), []);
});

test('the mark of a volume tells any write and any other file, and no change of its owner', async (t) => {
  const { paths } = await begin(t);
  const volume = join(paths.directory, 'volume.raw');
  t.is(await volumeMarkOf(volume), undefined);
  await writeFile(volume, 'one');
  await utimes(volume, 1, 1);
  const mark = await flushVolume(volume);
  await chown(volume, 12_345, 12_345);
  t.is(await volumeMarkOf(volume), mark);
  await writeFile(volume, 'two');
  t.not(await volumeMarkOf(volume), mark);
});

test('more memory than the disk has room for is refused beforehand', async (t) => {
  const { paths } = await begin(t);
  await requireSnapshotRoom(paths, 1);
  await t.throwsAsync(requireSnapshotRoom(paths, 2 ** 52), { name: 'DiskFullError' });
});
