import { constants, type Stats } from 'node:fs';
import { type FileHandle, open } from 'node:fs/promises';

/** What lies at the path is not a plain file. */
export class UntrustedPathError extends Error {
  constructor(path: string, found: string) {
    super(`${path} is ${found}: it lies where a VM's processes may write, and is not followed`);
    this.name = 'UntrustedPathError';
  }
}

/**
 * Opens a file in a folder that somebody else may write to: a link there could lead this process, which is root,
 * to any file of the host, and a pipe could hold it for ever. Only a plain file that has no other name is opened.
 * @param flags of open(2), such as `constants.O_RDONLY`
 * @throws UntrustedPathError for anything else; Node's own errors for what cannot be opened
 */
export async function openUntrusted(path: string, flags: number): Promise<FileHandle> {
  const file = await open(path, flags | constants.O_NOFOLLOW | constants.O_NONBLOCK).catch(
    (error: unknown) => {
      if (error instanceof Error && 'code' in error && error.code === 'ELOOP')
        throw new UntrustedPathError(path, 'a symbolic link');
      throw error;
    },
  );
  const stats = await file.stat();
  if (stats.isFile() && stats.nlink <= 1) return file;
  await file.close();
  throw new UntrustedPathError(path, describe(stats));
}

function describe(stats: Stats): string {
  if (stats.isFile()) return 'a file with a second name';
  return stats.isDirectory() ? 'a folder' : 'no plain file';
}
