import { chmod, mkdir, mkdtemp, rm, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import test from 'ava';
import { hashInputFiles, hashOf } from './inputs.ts';

test('the hash follows contents, execute bits and links, and not tests', async (t) => {
  const directory = await mkdtemp(join(tmpdir(), 'holt-guest-inputs-'));
  t.teardown(() => rm(directory, { recursive: true }));
  const put = async (path: string, text: string) => {
    await mkdir(dirname(join(directory, path)), { recursive: true });
    await writeFile(join(directory, path), text);
  };
  await put('build/a.ts', 'a');
  await put('build.ts', 'b');
  await put('example/server.js', 'c');
  await put('initramfs/init', 'd');
  await put('rootfs/etc/x', 'e');
  const seen = new Set([await hashInputFiles(directory)]);
  await put('build/a.test.ts', 'a test');
  t.true(seen.has(await hashInputFiles(directory)));
  const changes = [
    () => put('rootfs/etc/x', 'f'),
    () => chmod(join(directory, 'rootfs/etc/x'), 0o755),
    () => symlink('x', join(directory, 'rootfs/etc/y')),
    () => put('rootfs/etc/z', ''),
  ];
  for (const change of changes) {
    await change();
    seen.add(await hashInputFiles(directory));
  }
  t.is(seen.size, changes.length + 1);
});

test('parts are set off from each other', (t) => {
  t.not(hashOf('ab', 'c'), hashOf('a', 'bc'));
});
