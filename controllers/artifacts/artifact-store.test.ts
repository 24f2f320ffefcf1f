import { rename, rm, stat, utimes, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import test, { type ExecutionContext } from 'ava';
import type { GuestImage } from '../../crds/guestimage/definition.ts';
import { type Clock, systemClock } from '../../lib/clock.ts';
import { ArtifactStore } from './artifact-store.ts';
import { eventsOf, statusOf } from './status.ts';
import { sha256, writeArtifact } from './testing/write-artifact.ts';

const clock = { nowMs: () => Date.UTC(2026, 0, 1) };

async function artifactIn(t: ExecutionContext) {
  const { imagesDirectory: images, directory, spec } = await writeArtifact(t);
  let readCount = 0;
  // An hour ahead: long after the files were written, as far as the store can see.
  const late = { nowMs: () => Date.now() + 3_600_000, monotonicMs: () => performance.now() };
  const store = (times: Pick<Clock, 'nowMs' | 'monotonicMs'>) =>
    new ArtifactStore({ imagesDirectory: images, clock: times, onRead: () => (readCount += 1) });
  return { store: store(late), youngStore: store(systemClock), spec, directory, reads: () => readCount };
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

test('contents are read again only where a file may have changed', async (t) => {
  const { store, spec, directory, reads } = await artifactIn(t);
  await store.check(spec);
  await store.expectBootable(spec.digest);
  await Promise.all([store.check(spec), store.expectBootable(spec.digest)]);
  t.is(reads(), 1);
  const path = join(directory, 'initramfs');
  const { atime, mtime } = await stat(path);
  await utimes(path, atime, mtime);
  await store.check(spec);
  t.is(reads(), 2, 'the time of the inode alone');
  await writeFile(`${path}.copy`, 'initramfs');
  await rename(`${path}.copy`, path);
  await store.expectBootable(spec.digest);
  t.is(reads(), 3, 'another file of the same content');
});

test('right before a boot a change of the same length and time is noticed, and known to everybody', async (t) => {
  const { store, spec, directory } = await artifactIn(t);
  await store.check(spec);
  const path = join(directory, 'root.erofs');
  const { atime, mtime } = await stat(path);
  await writeFile(path, 'root.erofX');
  await utimes(path, atime, mtime);
  t.deepEqual(store.stateOf(spec), { isVerified: true }, 'nobody looked yet');
  const error = await t.throwsAsync(store.expectBootable(spec.digest), { name: 'ArtifactError' });
  t.regex(error.message, /root\.erofs has digest .*, expected /);
  t.like(store.stateOf(spec), { isVerified: false, isPresent: true });
  await writeFile(path, 'root.erofs');
  await store.expectBootable(spec.digest);
  t.deepEqual(await store.check(spec), { isVerified: true });
  await rm(directory, { recursive: true });
  await t.throwsAsync(store.expectBootable(spec.digest), { message: /no guest image at/ });
  t.like(store.stateOf(spec), { isVerified: false, isPresent: false });
});

test('files that were written just now are read at each look: their times may hide a second write', async (t) => {
  const { youngStore, spec, reads } = await artifactIn(t);
  await youngStore.check(spec);
  await youngStore.expectBootable(spec.digest);
  t.is(reads(), 2);
});

test('a finding is of the spec that it was made for', async (t) => {
  const { store, spec } = await artifactIn(t);
  await store.check(spec);
  t.is(store.stateOf({ ...spec, cmdline: 'other' }), undefined);
});

test('the status is ready where any node has the artifact, and a second look changes nothing', (t) => {
  const spec = { digest: `sha256:${'a'.repeat(64)}` };
  const image = { metadata: { name: 'default', generation: 2 }, spec } as GuestImage;
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
  const had = statusOf({
    image: { ...image, status: first },
    nodeName: 'node-2',
    state: { isVerified: true },
    clock,
  });
  const lost = statusOf({ image: { ...image, status: had }, nodeName: 'node-2', state: wrong, clock });
  t.like(eventsOf(had, lost), [{ type: 'Warning', reason: 'DigestMismatch' }]);
  t.regex(eventsOf(had, lost)[0]?.message ?? '', /node-2 .*root\.erofs has digest/);
  t.deepEqual(eventsOf(lost, lost), []);
  const none = statusOf({ image: { ...image, status: first }, nodeName: 'node-1', state: wrong, clock });
  t.like(none.conditions?.[0], { status: 'False', reason: 'DigestMismatch' });
  t.deepEqual(
    eventsOf(first, none).map(({ type }) => type),
    ['Warning'],
  );
});
