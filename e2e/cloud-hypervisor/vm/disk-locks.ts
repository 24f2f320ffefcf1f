import { spawnSync } from 'node:child_process';
import { closeSync, openSync } from 'node:fs';
import { osErrorText, VmFailure } from '../api-failure.ts';
import type { DiskConfig } from '../config/device-config.ts';

/** Exit code of flock(1) for a lock that somebody else holds. */
const conflict = 75;

/**
 * Locks on disk images for machines without an emulator that takes its own: writers alone, readers together.
 * flock(1) locks the file that it inherits, and the lock stays with this process's descriptor until that is
 * closed or the process is gone, however it ends.
 */
export class DiskLocks {
  readonly #held = new Map<string, number>();

  /** @throws VmFailure in the words of a hot-plug; a boot puts its own before them */
  take({ id = '', path = '', readonly }: DiskConfig): void {
    let fd: number;
    try {
      fd = openSync(path, readonly ? 'r' : 'r+');
    } catch (error) {
      throw new VmFailure('Cannot lock images of all block devices', osErrorText(error));
    }
    const kind = readonly ? '--shared' : '--exclusive';
    const argv = ['--nonblock', '--conflict-exit-code', String(conflict), kind, '3'];
    const { status } = spawnSync('flock', argv, { stdio: ['ignore', 'ignore', 'ignore', fd] });
    if (status === 0) {
      this.#held.set(id, fd);
      return;
    }
    closeSync(fd);
    throw new VmFailure(
      'Cannot lock images of all block devices',
      `Failed to get ${readonly ? 'Read' : 'Write'} lock for disk image: ${path}`,
      status === conflict ? 'The file is already locked' : 'flock failed',
    );
  }

  release(id: string): void {
    const fd = this.#held.get(id);
    if (fd === undefined) return;
    this.#held.delete(id);
    closeSync(fd);
  }

  releaseAll(): void {
    for (const id of [...this.#held.keys()]) this.release(id);
  }
}
