import { mkdir, statfs } from 'node:fs/promises';
import type { RunCommand } from '../../lib/run-command.ts';

/** Programs a build starts, and the Debian packages that bring them. */
const PROGRAMS: Readonly<Record<string, string>> = {
  'apt-get': 'apt',
  mmdebstrap: 'mmdebstrap',
  'mkfs.erofs': 'erofs-utils',
  tar: 'tar',
};

/** Unpacked packages, the root in work and the artifact, with some room. */
const DISK_BYTES_MIN = 1_500_000_000;

/**
 * Checks what a build needs before it starts.
 * @throws Error that names what is missing and how to get it
 */
export async function checkMachine(run: RunCommand, cacheDir: string): Promise<void> {
  if (process.getuid?.() !== 0)
    throw new Error('needs root to unpack packages with their owners: run it as root or with sudo');
  const found = await Promise.all(
    Object.entries(PROGRAMS).map(async ([program, debianPackage]) => {
      const { exitCode } = await run(['which', program]);
      return exitCode === 0 ? undefined : debianPackage;
    }),
  );
  const missing = found.filter((name) => name !== undefined);
  if (missing.length > 0) throw new Error(`programs are missing: apt-get install ${missing.join(' ')}`);
  await mkdir(cacheDir, { recursive: true });
  const { bavail, bsize } = await statfs(cacheDir);
  if (bavail * bsize < DISK_BYTES_MIN) {
    const freeMb = Math.floor((bavail * bsize) / 1e6);
    throw new Error(
      `${cacheDir} has ${freeMb} MB free, a build needs ${DISK_BYTES_MIN / 1e6} MB: make room or name another --cache`,
    );
  }
}
