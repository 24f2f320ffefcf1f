import { readFile } from 'node:fs/promises';
import { z } from 'zod';

/** Holt's own version, from package.json. */
export async function readOwnVersion(): Promise<string> {
  const json: unknown = JSON.parse(await readFile(new URL('../package.json', import.meta.url), 'utf8'));
  return z.object({ version: z.string() }).parse(json).version;
}
