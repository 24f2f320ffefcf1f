import { createHash } from 'node:crypto';
import { readdir, readFile, readlink, stat } from 'node:fs/promises';
import { join, relative } from 'node:path';

/** SHA-256 in hexadecimal over texts, each set off from the next. */
export function hashOf(...parts: readonly (string | Uint8Array)[]): string {
  const hash = createHash('sha256');
  for (const part of parts) hash.update(`${part.length}:`).update(part);
  return hash.digest('hex');
}

/** Files below `guest/` that shape the image. */
export const INPUT_PATHS = ['build', 'build.ts', 'example/server.js', 'initramfs', 'rootfs'] as const;

/** Hashes names, types, execute bits and contents of the input files below `guestDir`; tests do not count. */
export async function hashInputFiles(guestDir: string): Promise<string> {
  const lines: string[] = [];
  for (const path of INPUT_PATHS) lines.push(...(await describe(join(guestDir, path), guestDir)));
  return hashOf(lines.join('\n'));
}

async function describe(path: string, base: string): Promise<string[]> {
  const info = await stat(path);
  if (info.isDirectory()) {
    const entries = await readdir(path, { withFileTypes: true });
    entries.sort((a, b) => (a.name < b.name ? -1 : 1));
    const nested: string[] = [];
    for (const entry of entries) {
      const child = join(path, entry.name);
      if (entry.isSymbolicLink()) nested.push(`${relative(base, child)} link ${await readlink(child)}`);
      else nested.push(...(await describe(child, base)));
    }
    return nested;
  }
  if (path.endsWith('.test.ts')) return [];
  const executable = (info.mode & 0o111) !== 0;
  return [`${relative(base, path)} ${executable ? 'x' : '-'} ${hashOf(await readFile(path))}`];
}
