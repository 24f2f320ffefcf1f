import { createHash } from 'node:crypto';
import { mkdir, rename, rm, stat, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { GuestImageSpec } from '../../crds/guestimage/definition.ts';
import { exists } from './apt.ts';
import { digestFile } from './bases.ts';

/** What a manifest holds: the spec of a GuestImage but for its own digest. */
export type Manifest = Omit<GuestImageSpec, 'digest'>;

/** JSON with sorted keys and no spaces: one text for one value. */
export function canonicalJson(value: unknown): string {
  if (Array.isArray(value)) return `[${value.map(canonicalJson).join(',')}]`;
  if (typeof value !== 'object' || value === null) return JSON.stringify(value);
  const fields = Object.entries(value)
    .sort(([a], [b]) => (a < b ? -1 : 1))
    .map(([key, field]) => `${JSON.stringify(key)}:${canonicalJson(field)}`);
  return `{${fields.join(',')}}`;
}

/**
 * Writes the manifest beside `vmlinuz`, `initramfs` and `root.erofs` in `directory` and moves the whole to
 * `<outDir>/<digest>`; one that is there already is left as it is.
 * @returns the digest, SHA-256 of the manifest in hexadecimal
 */
export async function publishArtifact(
  directory: string,
  outDir: string,
  about: Pick<Manifest, 'version' | 'cmdline'>,
): Promise<string> {
  const describe = async (name: string) => ({
    name,
    digest: `sha256:${await digestFile(join(directory, name))}`,
    sizeBytes: (await stat(join(directory, name))).size,
  });
  const manifest: Manifest = {
    ...about,
    kernel: await describe('vmlinuz'),
    initramfs: await describe('initramfs'),
    rootDisk: await describe('root.erofs'),
  };
  const text = canonicalJson(manifest);
  const digest = createHash('sha256').update(text).digest('hex');
  await writeFile(join(directory, 'manifest.json'), text);
  await mkdir(outDir, { recursive: true });
  if (await exists(join(outDir, digest, 'manifest.json'))) await rm(directory, { recursive: true });
  else await rename(directory, join(outDir, digest));
  return digest;
}
