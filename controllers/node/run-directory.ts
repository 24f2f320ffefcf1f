import { mkdir, open, readdir, readFile, rename, rm } from 'node:fs/promises';
import { basename, dirname, join } from 'node:path';
import type { VmPaths } from '../host/vm-identity.ts';

/** The file's text, or undefined when there is none. */
export async function readTextOrNothing(path: string): Promise<string | undefined> {
  try {
    return await readFile(path, 'utf8');
  } catch (error) {
    if (error instanceof Error && 'code' in error && error.code === 'ENOENT') return undefined;
    throw error;
  }
}

/** Whole or not at all, also across a crash of the host: written aside, flushed, renamed. */
export async function writeTextAtomically(path: string, text: string): Promise<void> {
  const temporary = `${path}.tmp`;
  {
    await using file = await open(temporary, 'w', 0o600);
    await file.writeFile(text);
    await file.sync();
  }
  await rename(temporary, path);
}

/** Makes the directories, for root alone as yet, and unlinks the sockets and the event file of an earlier VMM. */
export async function prepareRunDirectory(paths: VmPaths): Promise<void> {
  await mkdir(paths.directory, { recursive: true, mode: 0o700 });
  await mkdir(paths.runtime, { recursive: true, mode: 0o700 });
  await mkdir(paths.snapshot, { recursive: true, mode: 0o700 });
  await unlinkSockets(paths);
  await rm(paths.events, { force: true });
}

/** Unlinks the sockets and then the record, so that a record never outlives what it speaks of. */
export async function clearRun(paths: VmPaths): Promise<void> {
  await unlinkSockets(paths);
  await rm(paths.record, { force: true });
}

export async function removeRunDirectory(paths: VmPaths): Promise<void> {
  await rm(paths.directory, { recursive: true, force: true });
}

/** The VMM before v53 leaves its API socket and never clears the vsock one; guests' dials go to `<vsock>_<port>`. */
async function unlinkSockets(paths: VmPaths): Promise<void> {
  const directory = dirname(paths.vsock);
  const names = await readdir(directory).catch(() => []);
  const vsock = basename(paths.vsock);
  const stale = names.filter(
    (name) => name === basename(paths.apiSocket) || name === vsock || name.startsWith(`${vsock}_`),
  );
  await Promise.all(stale.map((name) => rm(join(directory, name), { force: true })));
}
