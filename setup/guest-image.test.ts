import { mkdir, mkdtemp, rm, stat, symlink, utimes, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import test from 'ava';
import { InputCache } from '../guest/build/cache.ts';
import { hashInputFiles } from '../guest/build/inputs.ts';
import { buildGuestImage } from './guest-image.ts';

test.serial('the image that is asked for is noted as in use, also where it was built long ago', async (t) => {
  const images = await mkdtemp(join(tmpdir(), 'holt-guest-image-'));
  t.teardown(() => rm(images, { recursive: true }));
  const digest = 'd'.repeat(64);
  await mkdir(join(images, digest));
  await writeFile(join(images, digest, 'manifest.json'), '{}');
  await utimes(join(images, digest), 1_000, 1_000);
  const cache = new InputCache(join(images, '.cache'), images);
  await cache.remember(await hashInputFiles(join(import.meta.dirname, '../guest')), digest);
  // A PATH with `which` and nothing that builds: the image of the same files serves.
  const bin = join(images, 'bin');
  await mkdir(bin);
  for (const program of ['which', 'sh']) await symlink(join('/usr/bin', program), join(bin, program));
  const { PATH } = process.env;
  process.env.PATH = bin;
  t.teardown(() => {
    process.env.PATH = PATH;
  });
  t.is(await buildGuestImage(images, () => {}), digest);
  t.true((await stat(join(images, digest))).mtimeMs > 1_000_000);
});
