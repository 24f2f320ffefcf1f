import { spawn } from 'node:child_process';
import { readFile, utimes } from 'node:fs/promises';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import { type GuestImage, guestImageSpecSchema } from '../crds/guestimage/definition.ts';
import { SetupError } from './dev-config.ts';

const DIGEST_PATTERN = /^(?:sha256:)?([0-9a-f]{64})$/;

/**
 * Builds the guest image, or finds it in the cache. Every line that the build prints goes to `say`.
 * @returns the hexadecimal digest
 * @throws SetupError with the build's last words
 */
export async function buildGuestImage(imagesDir: string, say: (line: string) => void): Promise<string> {
  const script = fileURLToPath(new URL('../guest/build.ts', import.meta.url));
  const child = spawn(process.execPath, [script, '--out', imagesDir], { stdio: ['ignore', 'pipe', 'pipe'] });
  const stderr: string[] = [];
  createInterface({ input: child.stderr }).on('line', (line) => {
    stderr.push(line);
    say(line);
  });
  let last = '';
  createInterface({ input: child.stdout }).on('line', (line) => {
    last = line.trim();
    if (!DIGEST_PATTERN.test(last)) say(line);
  });
  const exitCode = await new Promise<number | null>((resolve, reject) => {
    child.once('error', reject);
    child.once('close', resolve);
  });
  const digest = DIGEST_PATTERN.exec(last)?.[1];
  if (exitCode === 0 && digest !== undefined) {
    // Asked for now: its retention time begins anew, whether or not a GuestImage names it yet.
    const now = new Date();
    await utimes(join(imagesDir, digest), now, now);
    return digest;
  }
  throw new SetupError(`the guest image could not be built: ${stderr.at(-1) ?? `exit ${exitCode}`}`);
}

/** The GuestImage object `name` for an artifact on disk. */
export async function guestImageObject(imagesDir: string, digest: string, name: string): Promise<GuestImage> {
  const manifest: unknown = JSON.parse(await readFile(join(imagesDir, digest, 'manifest.json'), 'utf8'));
  const spec = guestImageSpecSchema.parse({ ...(manifest as object), digest: `sha256:${digest}` });
  return { apiVersion: 'holt.dev/v1alpha1', kind: 'GuestImage', metadata: { name }, spec };
}
