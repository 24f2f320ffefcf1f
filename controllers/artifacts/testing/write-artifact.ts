import { createHash } from 'node:crypto';
import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { ExecutionContext } from 'ava';
import type { GuestImageSpec } from '../../../crds/guestimage/definition.ts';

export const sha256 = (text: string): string => `sha256:${createHash('sha256').update(text).digest('hex')}`;

/** A whole artifact in an images directory of the test's own; each file holds its own name. */
export async function writeArtifact(
  t: ExecutionContext,
): Promise<{ imagesDirectory: string; directory: string; spec: GuestImageSpec }> {
  const imagesDirectory = await mkdtemp(join(tmpdir(), 'holt-images-'));
  t.teardown(() => rm(imagesDirectory, { recursive: true }));
  const file = (name: string) => ({ name, digest: sha256(name), sizeBytes: name.length });
  const manifest = {
    cmdline: 'quiet',
    initramfs: file('initramfs'),
    kernel: file('vmlinuz'),
    rootDisk: file('root.erofs'),
    version: '1',
  };
  const text = JSON.stringify(manifest);
  const spec = { ...manifest, digest: sha256(text) };
  const directory = join(imagesDirectory, spec.digest.slice('sha256:'.length));
  await mkdir(directory);
  await writeFile(join(directory, 'manifest.json'), text);
  for (const name of ['initramfs', 'vmlinuz', 'root.erofs']) await writeFile(join(directory, name), name);
  return { imagesDirectory, directory, spec };
}
