import { createHash } from 'node:crypto';
import { mkdir, mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import test from 'ava';
import { guestImageSpecSchema } from '../../crds/guestimage/definition.ts';
import { canonicalJson, publishArtifact } from './artifact.ts';
import { InputCache } from './cache.ts';

async function temporary(t: { teardown(fn: () => Promise<void>): void }): Promise<string> {
  const directory = await mkdtemp(join(tmpdir(), 'holt-guest-artifact-'));
  t.teardown(() => rm(directory, { recursive: true, force: true }));
  return directory;
}

async function publish(base: string): Promise<string> {
  const work = join(base, 'work');
  await mkdir(work);
  for (const name of ['vmlinuz', 'initramfs', 'root.erofs']) await writeFile(join(work, name), name);
  return publishArtifact(work, join(base, 'out'), { version: 'v1', cmdline: 'quiet' });
}

test('the digest is that of the manifest, and the manifest is the spec of a GuestImage', async (t) => {
  const base = await temporary(t);
  const digest = await publish(base);
  const text = await readFile(join(base, 'out', digest, 'manifest.json'), 'utf8');
  t.is(createHash('sha256').update(text).digest('hex'), digest);
  const spec = guestImageSpecSchema.parse({ ...JSON.parse(text), digest: `sha256:${digest}` });
  t.is(spec.rootDisk.sizeBytes, 'root.erofs'.length);
  t.deepEqual((await readdir(join(base, 'out', digest))).sort(), [
    'initramfs',
    'manifest.json',
    'root.erofs',
    'vmlinuz',
  ]);
});

test('publishing the same again keeps the first', async (t) => {
  const base = await temporary(t);
  const digest = await publish(base);
  t.is(await publish(base), digest);
  t.deepEqual(await readdir(base), ['out']);
});

test('canonical JSON sorts keys at every depth', (t) => {
  t.is(canonicalJson({ b: [{ d: 1, c: 'x' }], a: null }), '{"a":null,"b":[{"c":"x","d":1}]}');
});

test('the cache knows an artifact only while it is there', async (t) => {
  const base = await temporary(t);
  const digest = await publish(base);
  const cache = new InputCache(join(base, 'cache'), join(base, 'out'));
  t.is(await cache.find('key'), undefined);
  await cache.remember('key', digest);
  t.is(await cache.find('key'), digest);
  await rm(join(base, 'out'), { recursive: true });
  t.is(await cache.find('key'), undefined);
});
