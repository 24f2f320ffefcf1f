import { constants, createWriteStream } from 'node:fs';
import { readdir } from 'node:fs/promises';
import { join } from 'node:path';
import { pipeline } from 'node:stream/promises';
import type { Clock } from '../../lib/clock.ts';
import type { Logger } from '../../lib/logger.ts';
import { openUntrusted } from '../../lib/untrusted-file.ts';
import { vmPathsOf } from '../host/vm-identity.ts';

export interface LogRotationOptions {
  readonly vmsDirectory: string;
  readonly clock: Clock;
  readonly logger: Logger;
  /** Default 10 MiB; a VM's logs take twice that at most, and what is written between two looks. */
  readonly maxBytes?: number;
  /** Default 15,000. */
  readonly periodMs?: number;
}

/** Bounds what a guest's console and a VMM's output take on the disk, until the signal. */
export async function runLogRotation(options: LogRotationOptions, signal: AbortSignal): Promise<void> {
  while (!signal.aborted) {
    await rotateLogs(options).catch((error) => options.logger.warn({ err: error }, 'log rotation failed'));
    await options.clock.sleep(options.periodMs ?? 15_000, signal).catch(() => {});
  }
}

/**
 * Copies each log that is too large to `<name>.1` and empties it in place, because the VMM keeps it open. A VMM
 * that does not append goes on at its old offset: the file is then sparse, so what it takes is measured, not its
 * length.
 * @throws AggregateError of what went wrong, when all others are done
 */
export async function rotateLogs(
  options: Pick<LogRotationOptions, 'vmsDirectory' | 'maxBytes'>,
): Promise<void> {
  const { vmsDirectory, maxBytes = 10 * 1024 * 1024 } = options;
  const names = await readdir(vmsDirectory).catch(() => []);
  // What is kept lies in root's own folder, out of the VMM's reach.
  const logs = names.flatMap((name) => {
    const paths = vmPathsOf(vmsDirectory, name);
    return [
      { path: paths.console, kept: join(paths.directory, 'console.log.1') },
      { path: paths.vmmLog, kept: join(paths.directory, 'vmm.log.1') },
    ];
  });
  // One VM's trouble is no other's.
  const results = await Promise.allSettled(logs.map(({ path, kept }) => rotate(path, kept, maxBytes)));
  const reasons = results.flatMap((result) => (result.status === 'rejected' ? [result.reason] : []));
  if (reasons.length > 0) throw new AggregateError(reasons, reasons.map(String).join('; '));
}

async function rotate(path: string, kept: string, maxBytes: number): Promise<void> {
  const file = await openUntrusted(path, constants.O_RDWR).catch((error: unknown) => {
    if (error instanceof Error && 'code' in error && error.code === 'ENOENT') return undefined;
    throw error;
  });
  if (file === undefined) return;
  try {
    const { blocks, size } = await file.stat();
    if (blocks * 512 <= maxBytes || size === 0) return;
    // The VMM may write on meanwhile: only what was there at the look is read, and of a sparse file its end.
    const start = Math.max(0, size - blocks * 512);
    const source = file.createReadStream({ start, end: size - 1, autoClose: false });
    await pipeline(source, createWriteStream(kept, { mode: 0o600 }));
    await file.truncate(0);
  } finally {
    await file.close();
  }
}
