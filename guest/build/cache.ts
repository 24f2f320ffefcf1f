import { mkdir, readFile, rename, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { exists } from './apt.ts';

/** Remembers which artifact came from which inputs, a small file a key. */
export class InputCache {
  readonly #cacheDir: string;
  readonly #outDir: string;

  constructor(cacheDir: string, outDir: string) {
    this.#cacheDir = join(cacheDir, 'inputs');
    this.#outDir = outDir;
  }

  /** Digest of the artifact made from these inputs, where the artifact is still there. */
  async find(key: string): Promise<string | undefined> {
    const digest = await readFile(join(this.#cacheDir, key), 'utf8').catch(() => '');
    const complete =
      /^[0-9a-f]{64}$/.test(digest) && (await exists(join(this.#outDir, digest, 'manifest.json')));
    return complete ? digest : undefined;
  }

  async remember(key: string, digest: string): Promise<void> {
    await mkdir(this.#cacheDir, { recursive: true });
    const path = join(this.#cacheDir, key);
    await writeFile(`${path}.new`, digest);
    await rename(`${path}.new`, path);
  }
}
