import { copyFile, readdir, stat, truncate } from 'node:fs/promises';
import { join } from 'node:path';
import type { Clock } from '../../lib/clock.ts';
import type { Logger } from '../../lib/logger.ts';

const ROTATED_NAMES = ['console.log', 'vmm.log'];

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
 */
export async function rotateLogs(
  options: Pick<LogRotationOptions, 'vmsDirectory' | 'maxBytes'>,
): Promise<void> {
  const { vmsDirectory, maxBytes = 10 * 1024 * 1024 } = options;
  for (const vm of await readdir(vmsDirectory).catch(() => [])) {
    for (const name of ROTATED_NAMES) {
      const path = join(vmsDirectory, vm, name);
      const blocks = await stat(path).then(
        (file) => file.blocks,
        () => 0,
      );
      if (blocks * 512 <= maxBytes) continue;
      await copyFile(path, `${path}.1`);
      await truncate(path, 0);
    }
  }
}
