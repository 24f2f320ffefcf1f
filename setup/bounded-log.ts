import { copyFileSync, openSync, statSync, truncateSync } from 'node:fs';

/** A log keeps at most this much, and as much again in its `.1`. */
export const LOG_MAX_BYTES = 20 * 2 ** 20;

/** Opens a log so that every write goes to its end, also after it was emptied by `boundLog`. */
export function openLog(path: string): number {
  return openSync(path, 'a', 0o600);
}

/**
 * Moves what a log holds to `<path>.1` when it is larger than `maxBytes`. The writer keeps its file descriptor, so
 * the file is copied and emptied, not renamed; lines written between the two are lost.
 */
export function boundLog(path: string, maxBytes = LOG_MAX_BYTES): void {
  const size = statSync(path, { throwIfNoEntry: false })?.size ?? 0;
  if (size <= maxBytes) return;
  copyFileSync(path, `${path}.1`);
  truncateSync(path);
}
