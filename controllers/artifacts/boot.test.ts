import { mkdir, rm, stat, utimes, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import test, { type ExecutionContext } from 'ava';
import type { GuestImage } from '../../crds/guestimage/definition.ts';
import type { Stored } from '../../crds/meta/meta.ts';
import { systemClock } from '../../lib/clock.ts';
import { Drive } from '../uservm/testing/drive.ts';
import { ArtifactStore } from './artifact-store.ts';
import { sightImage } from './image-sight.ts';
import { sha256, writeArtifact } from './testing/write-artifact.ts';

/** A node whose VM boots from an artifact on disk. */
async function driveOn(t: ExecutionContext) {
  const { imagesDirectory, directory, spec } = await writeArtifact(t);
  const image = { metadata: { name: 'default' }, spec } as Stored<GuestImage>;
  const clock = { ...systemClock, nowMs: () => Date.now() + 3_600_000 };
  const store = new ArtifactStore({ imagesDirectory, clock });
  const drive = new Drive();
  const images = { get: () => image };
  drive.images = (name, assigned) =>
    sightImage({ images, isListed: () => true, store, imagesDirectory }, name, assigned);
  drive.host.verifyImage = (digest) => store.expectBootable(digest);
  drive.restart();
  await store.check(spec);
  await drive.settle();
  return { drive, store, spec, image, imagesDirectory, rootDisk: join(directory, 'root.erofs') };
}

const provisionedOf = (drive: Drive) =>
  drive.api.object?.status?.conditions?.find(({ type }) => type === 'Provisioned');

test('a VM goes on over a root disk that was changed under it, does not boot from it again, and comes back when it is mended', async (t) => {
  const { drive, store, spec, rootDisk } = await driveOn(t);
  t.like(drive.api.object?.status, { phase: 'Running', guestImage: { digest: spec.digest } });
  const [vmm] = drive.host.living();
  const { atime, mtime } = await stat(rootDisk);
  await writeFile(rootDisk, 'root.erofX');
  await utimes(rootDisk, atime, mtime);
  await drive.once();
  t.is(drive.host.living()[0], vmm);
  t.is(drive.api.object?.status?.phase, 'Running');

  drive.host.kill(vmm?.pid ?? 0);
  for (let call = 0; call < 6; call += 1) await drive.clock.advance((await drive.once()) ?? 5);
  t.deepEqual(drive.host.living(), []);
  t.like(provisionedOf(drive), { status: 'False', reason: 'GuestImageCorrupt' });
  t.regex(provisionedOf(drive)?.message ?? '', /root\.erofs has digest .*, expected /);
  t.is(drive.api.events.filter(({ reason }) => reason === 'GuestImageCorrupt').length, 1);
  t.like(await store.check(spec), { isVerified: false, isPresent: true });

  await writeFile(rootDisk, 'root.erofs');
  t.deepEqual(await store.check(spec), { isVerified: true });
  await drive.clock.advance(60_000);
  await drive.settle();
  t.like(drive.api.object?.status, { phase: 'Running', bootCount: 2 });
});

test('an artifact that is gone is told from one that was changed', async (t) => {
  const { drive, rootDisk } = await driveOn(t);
  await rm(rootDisk);
  drive.host.kill(drive.host.living()[0]?.pid ?? 0);
  for (let call = 0; call < 6; call += 1) await drive.clock.advance((await drive.once()) ?? 5);
  t.like(provisionedOf(drive), { status: 'False', reason: 'GuestImageUnavailable' });
  t.regex(provisionedOf(drive)?.message ?? '', /root\.erofs is missing/);
});

test('an artifact that no spec declares is booted by what its own manifest says, once it was looked at', async (t) => {
  const { store, spec, image, imagesDirectory } = await driveOn(t);
  const text = JSON.stringify({ ...spec, digest: undefined, cmdline: 'quiet holt.other' });
  const digest = sha256(text);
  const directory = join(imagesDirectory, digest.slice('sha256:'.length));
  const deps = { images: { get: () => image }, isListed: () => true, store, imagesDirectory };
  t.deepEqual(sightImage(deps, 'default', digest), { state: 'pending' });
  await store.checkDigest(digest);
  t.like(sightImage(deps, 'default', digest), { state: 'missing', reason: 'GuestImageUnavailable' });
  await mkdir(directory);
  await writeFile(join(directory, 'manifest.json'), text);
  for (const name of ['initramfs', 'vmlinuz', 'root.erofs']) await writeFile(join(directory, name), name);
  await store.checkDigest(digest);
  const verified = { state: 'verified', image: { digest, cmdline: 'quiet holt.other' } };
  t.like(sightImage(deps, 'default', digest), verified);
  const rollout = { forNew: digest } as NonNullable<GuestImage['status']>['rollout'];
  const images = { get: () => ({ ...image, status: { rollout } }) as Stored<GuestImage> };
  t.like(sightImage({ ...deps, images }, 'default'), verified, 'what the rollout has for a VM without one');
  t.like(sightImage({ ...deps, images }, 'default', spec.digest), { image: { digest: spec.digest } });
});
