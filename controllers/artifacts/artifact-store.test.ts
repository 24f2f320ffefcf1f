import { createHash } from 'node:crypto';
import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import test, { type ExecutionContext } from 'ava';
import type { GuestImage, GuestImageSpec } from '../../crds/guestimage/definition.ts';
import { ArtifactStore } from './artifact-store.ts';
import { eventsOf, statusOf } from './status.ts';

const sha256 = (text: string) => `sha256:${createHash('sha256').update(text).digest('hex')}`;
const clock = { nowMs: () => Date.UTC(2026, 0, 1) };

async function artifactIn(t: ExecutionContext) {
  const images = await mkdtemp(join(tmpdir(), 'holt-images-'));
  t.teardown(() => rm(images, { recursive: true }));
  const file = (name: string) => ({ name, digest: sha256(name), sizeBytes: name.length });
  const manifest = {
    cmdline: 'quiet',
    initramfs: file('initramfs'),
    kernel: file('vmlinuz'),
    rootDisk: file('root.erofs'),
    version: '1',
  };
  const text = JSON.stringify(manifest);
  const spec: GuestImageSpec = { ...manifest, digest: sha256(text) };
  const directory = join(images, spec.digest.slice('sha256:'.length));
  await mkdir(directory);
  await writeFile(join(directory, 'manifest.json'), text);
  for (const { name } of [manifest.kernel, manifest.initramfs, manifest.rootDisk])
    await writeFile(join(directory, name), name);
  return { store: new ArtifactStore(images), spec, directory };
}

test('a whole artifact is verified', async (t) => {
  const { store, spec } = await artifactIn(t);
  t.is(store.stateOf(spec), undefined);
  t.deepEqual(await store.check(spec), { isVerified: true });
  t.deepEqual(store.stateOf(spec), { isVerified: true });
});

test('a changed byte, a wrong manifest, a missing file and an absent artifact are told apart', async (t) => {
  const { store, spec, directory } = await artifactIn(t);
  await writeFile(join(directory, 'vmlinuz'), 'vmlinuX');
  t.like(await store.check(spec), { isVerified: false, isPresent: true });
  t.regex(JSON.stringify(await store.check(spec)), /vmlinuz has digest sha256:.* expected sha256:/);
  await writeFile(join(directory, 'vmlinuz'), 'vmlinuz');
  t.deepEqual(await store.check(spec), { isVerified: true }, 'mended files are checked again');
  t.like(await store.check({ ...spec, cmdline: 'other' }), { isVerified: false, isPresent: true });
  await rm(join(directory, 'root.erofs'));
  t.regex(JSON.stringify(await store.check(spec)), /root\.erofs is missing/);
  t.like(await store.check({ ...spec, digest: sha256('x') }), { isVerified: false, isPresent: false });
});

test('the status is ready where any node has the artifact, and a second look changes nothing', (t) => {
  const image = { metadata: { name: 'default', generation: 2 } } as GuestImage;
  const first = statusOf({ image, nodeName: 'node-1', state: { isVerified: true }, clock });
  t.like(first, { observedGeneration: 2 });
  t.like(first.conditions?.[0], { type: 'Ready', status: 'True', reason: 'Verified' });
  t.deepEqual(
    eventsOf(undefined, first).map(({ type }) => type),
    ['Normal'],
  );
  const later = { nowMs: () => clock.nowMs() + 60_000 };
  const again = statusOf({
    image: { ...image, status: first },
    nodeName: 'node-1',
    state: { isVerified: true },
    clock: later,
  });
  t.deepEqual(again, first);
  const wrong = {
    isVerified: false,
    isPresent: true,
    message: 'root.erofs has digest a, expected b',
  } as const;
  const second = statusOf({ image: { ...image, status: first }, nodeName: 'node-2', state: wrong, clock });
  t.is(second.conditions?.[0]?.status, 'True', 'node-1 still has it');
  const none = statusOf({ image: { ...image, status: first }, nodeName: 'node-1', state: wrong, clock });
  t.like(none.conditions?.[0], { status: 'False', reason: 'DigestMismatch' });
  t.deepEqual(
    eventsOf(first, none).map(({ type }) => type),
    ['Warning'],
  );
});
