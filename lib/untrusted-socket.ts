import { constants } from 'node:fs';
import { type FileHandle, open } from 'node:fs/promises';
import { UntrustedPathError } from './untrusted-file.ts';

/** open(2), asm-generic/fcntl.h: Node has no constant for it. The same on x86-64 and arm64. */
const O_PATH = 0o10000000;

/**
 * Looks up a unix socket in a folder that somebody else may write to, and calls `use` with a path that leads to
 * this very socket, whatever happens to its name meanwhile. Without it a link in the folder could lead this
 * process, which is root, to a socket of another program. The path is good until `use` resolves.
 * @throws UntrustedPathError when it is no socket; Node's own errors, such as ENOENT
 */
export async function withUntrustedSocket<T>(path: string, use: (path: string) => Promise<T>): Promise<T> {
  const handle: FileHandle = await open(path, O_PATH | constants.O_NOFOLLOW);
  let result: Promise<T>;
  try {
    if (!(await handle.stat()).isSocket()) throw new UntrustedPathError(path, 'no socket');
    result = use(`/proc/self/fd/${handle.fd}`);
  } catch (error) {
    await handle.close();
    throw error;
  }
  // Not awaited: a connection that is handed out would meanwhile tell of its end, and nobody would hear it.
  void result.finally(() => handle.close()).catch(() => {});
  return result;
}
