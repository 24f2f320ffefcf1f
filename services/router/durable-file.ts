import { open, rename, writeFile } from 'node:fs/promises';
import { dirname } from 'node:path';

/** Writes a file whole or not at all, and returns when it would survive a power cut. */
export async function writeDurably(path: string, content: string): Promise<void> {
  const temporary = `${path}.new`;
  await writeFile(temporary, content, { mode: 0o600, flush: true });
  await rename(temporary, path);
  await flush(dirname(path));
}

/** Returns when a file that is there, by this name, would survive a power cut. */
export async function syncFile(path: string): Promise<void> {
  await flush(path);
  await flush(dirname(path));
}

async function flush(path: string): Promise<void> {
  const handle = await open(path, 'r');
  try {
    await handle.sync();
  } finally {
    await handle.close();
  }
}
