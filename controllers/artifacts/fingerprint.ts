import { stat } from 'node:fs/promises';
import { join } from 'node:path';
import type { Manifest } from './verify-artifact.ts';

/** How files look from outside, without their contents. */
export interface Fingerprint {
  /** Another where a file may have changed: device, inode, size and both times of each. */
  readonly text: string;
  /** The last change of any file, wall milliseconds. */
  readonly changedAtMs: number;
}

/** Looks at kernel, initramfs and root disk. Cheap: reads no contents. */
export async function fingerprintOf(directory: string, manifest: Manifest): Promise<Fingerprint> {
  const names = [manifest.kernel.name, manifest.initramfs.name, manifest.rootDisk.name];
  const sights = await Promise.all(
    names.map((name) => stat(join(directory, name), { bigint: true }).catch(() => undefined)),
  );
  return {
    text: sights
      .map((sight) =>
        sight === undefined
          ? 'absent'
          : [sight.dev, sight.ino, sight.size, sight.mtimeNs, sight.ctimeNs].join(':'),
      )
      .join('|'),
    changedAtMs: Math.max(0, ...sights.map((sight) => Number(sight?.ctimeMs ?? 0))),
  };
}

/** File systems keep times in steps of up to 2 s (FAT): within one, a second write leaves no trace. */
const TIME_STEP_MS = 2_000;

/** Whether every later change is certain to show in the fingerprint. */
export function isSettled(fingerprint: Fingerprint, nowMs: number): boolean {
  return Math.abs(nowMs - fingerprint.changedAtMs) > TIME_STEP_MS;
}
