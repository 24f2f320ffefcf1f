import { mkdir, statfs } from 'node:fs/promises';
import type { RunCommand } from '../../lib/run-command.ts';

/** Programs a build starts, and how a machine without one gets it. */
const PROGRAMS: Readonly<Record<string, string>> = {
  'apt-get': 'a machine with Debian or a relative of it',
  mmdebstrap: 'apt-get install mmdebstrap',
  'mkfs.erofs': 'apt-get install erofs-utils',
  tar: 'apt-get install tar',
};

/** Unpacked packages, the root in work and the artifact, with some room. */
const DISK_BYTES_MIN = 1_500_000_000;

/** Why this machine can't build the image, with the remedy; undefined where it can. */
export async function findObstacle(run: RunCommand, cacheDir: string): Promise<string | undefined> {
  if (process.getuid?.() !== 0)
    return 'a build needs root to unpack packages with their owners: run it as root or with sudo';
  const found = await Promise.all(
    Object.entries(PROGRAMS).map(async ([program, remedy]) => {
      const { exitCode } = await run(['which', program]);
      return exitCode === 0 ? undefined : `${program} (${remedy})`;
    }),
  );
  const missing = found.filter((name) => name !== undefined);
  if (missing.length > 0) return `a build needs programs that are not on the PATH: ${missing.join(', ')}`;
  await mkdir(cacheDir, { recursive: true });
  const { bavail, bsize } = await statfs(cacheDir);
  if (bavail * bsize >= DISK_BYTES_MIN) return undefined;
  const freeMb = Math.floor((bavail * bsize) / 1e6);
  return `${cacheDir} has ${freeMb} MB free, a build needs ${DISK_BYTES_MIN / 1e6} MB: make room or name another --cache`;
}
