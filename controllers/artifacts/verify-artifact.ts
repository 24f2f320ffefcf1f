import { createHash } from 'node:crypto';
import { createReadStream } from 'node:fs';
import { readFile, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { pipeline } from 'node:stream/promises';
import { z } from 'zod';
import { artifactOf, artifactSchema } from '../../crds/guestimage/artifact.ts';
import type { GuestImageSpec } from '../../crds/guestimage/definition.ts';

/** What is wrong with an artifact, for people: names the file, and what was found and expected. */
export class ArtifactError extends Error {
  /** False: not there at all. */
  readonly isPresent: boolean;

  constructor(message: string, options: { isPresent: boolean; cause?: unknown }) {
    super(message, { cause: options.cause });
    this.name = 'ArtifactError';
    this.isPresent = options.isPresent;
  }
}

const manifestSchema = artifactSchema.omit({ digest: true });
export type Manifest = z.infer<typeof manifestSchema>;

const MANIFEST = 'manifest.json';

/** The directory of an artifact below the one that holds all. */
export function artifactDirectory(imagesDirectory: string, digest: string): string {
  return join(imagesDirectory, digest.replace(/^sha256:/, ''));
}

/**
 * The manifest of the artifact in `directory`, whose digest is the artifact's.
 * @throws ArtifactError where it is absent, another, or none
 */
export async function readManifest(directory: string, digest: string): Promise<Manifest> {
  const path = join(directory, MANIFEST);
  const bytes = await readFile(path).catch((cause) => {
    throw new ArtifactError(`no guest image at ${directory}: ${cause.message}`, { isPresent: false, cause });
  });
  expectDigest(path, `sha256:${createHash('sha256').update(bytes).digest('hex')}`, digest);
  const parsed = manifestSchema.safeParse(parseJson(path, bytes.toString('utf8')));
  if (parsed.success) return parsed.data;
  throw new ArtifactError(`${path} is no manifest: ${z.prettifyError(parsed.error)}`, { isPresent: true });
}

/**
 * A GuestImage must say what the manifest that it names says.
 * @throws ArtifactError where it does not
 */
export function expectDeclared(directory: string, manifest: Manifest, spec: GuestImageSpec): void {
  const { digest: _, ...declared } = artifactOf(spec);
  if (canonicalJson(manifest) === canonicalJson(declared)) return;
  throw new ArtifactError(`the GuestImage's spec is not what ${join(directory, MANIFEST)} says`, {
    isPresent: true,
  });
}

/**
 * Reads every byte of kernel, initramfs and root disk and compares their digests with the manifest's.
 * @throws ArtifactError naming the file that is absent or wrong
 */
export async function verifyFiles(directory: string, manifest: Manifest): Promise<void> {
  for (const file of [manifest.kernel, manifest.initramfs, manifest.rootDisk]) {
    await verifyFile(join(directory, file.name), file);
  }
}

async function verifyFile(path: string, expected: { digest: string; sizeBytes: number }): Promise<void> {
  const { size } = await stat(path).catch((cause) => {
    throw new ArtifactError(`${path} is missing: ${cause.message}`, { isPresent: false, cause });
  });
  if (size !== expected.sizeBytes) {
    throw new ArtifactError(`${path} has ${size} bytes, the manifest says ${expected.sizeBytes}`, {
      isPresent: true,
    });
  }
  const hash = createHash('sha256');
  await pipeline(createReadStream(path, { highWaterMark: 1024 * 1024 }), hash);
  expectDigest(path, `sha256:${hash.digest('hex')}`, expected.digest);
}

function expectDigest(path: string, actual: string, expected: string): void {
  if (actual === expected) return;
  throw new ArtifactError(`${path} has digest ${actual}, expected ${expected}`, { isPresent: true });
}

function parseJson(path: string, text: string): unknown {
  try {
    return JSON.parse(text);
  } catch (cause) {
    throw new ArtifactError(`${path} is no JSON: ${String(cause)}`, { isPresent: true, cause });
  }
}

/** JSON with sorted keys: one text for one value. */
export function canonicalJson(value: unknown): string {
  return JSON.stringify(value, (_key, inner) =>
    inner !== null && typeof inner === 'object' && !Array.isArray(inner)
      ? Object.fromEntries(Object.entries(inner).sort(([a], [b]) => (a < b ? -1 : 1)))
      : inner,
  );
}
