import { copyFile, mkdir, readdir, rm, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { type RunCommand, runChecked } from '../../lib/run-command.ts';
import type { AptSetup } from './apt.ts';
import { publishArtifact } from './artifact.ts';
import { type Bases, ensureBases, SOURCE_DATE_EPOCH } from './bases.ts';
import { buildInitramfs } from './initramfs.ts';
import { hashOf } from './inputs.ts';
import { assembleKernel, assembleRoot } from './root.ts';

/** An arbitrary constant: mkfs.erofs would draw one at random. */
const ROOT_DISK_UUID = '686f6c74-0000-4000-8000-000000000001';

/**
 * Kernel command line of every guest; the node appends the VM's own parameters. `panic=1` makes a broken
 * guest restart, which the VMM reports, instead of standing still.
 */
export const CMDLINE = [
  'console=ttyS0',
  'quiet',
  'selinux=0',
  'loglevel=4',
  'panic=1',
  'apparmor=0',
  'audit=0',
  'cryptomgr.notests',
  'random.trust_cpu=on',
  '8250.nr_uarts=1',
  'net.ifnames=0',
  'ipv6.disable=1',
  'systemd.unified_cgroup_hierarchy=1',
  'systemd.show_status=0',
  'systemd.log_target=journal',
  'systemd.log_color=0',
].join(' ');

export interface BuildOptions {
  readonly run: RunCommand;
  readonly apt: AptSetup;
  readonly guestDir: string;
  readonly outDir: string;
  readonly cacheDir: string;
  /** Names the package versions to start from. */
  readonly packagesKey: string;
  /** Hash of the files in `guest/`. */
  readonly filesKey: string;
  readonly progress: (line: string) => void;
}

/**
 * Builds the artifact from packages and files.
 * @returns its digest in hexadecimal
 */
export async function buildImage(options: BuildOptions): Promise<string> {
  const { run, apt, cacheDir, packagesKey, progress } = options;
  const basesDir = join(cacheDir, 'bases', packagesKey);
  const bases = await ensureBases({ run, apt, directory: basesDir, progress });
  const workDir = join(cacheDir, `work-${process.pid}`);
  await rm(workDir, { recursive: true, force: true });
  try {
    const digest = await packImage(options, bases, workDir);
    await removeOthers(dirname(basesDir), packagesKey);
    return digest;
  } finally {
    await rm(workDir, { recursive: true, force: true });
  }
}

/** Makes kernel, initramfs and root disk in `workDir` and publishes them. The same inputs give the same bytes. */
async function packImage(options: BuildOptions, bases: Bases, workDir: string): Promise<string> {
  const { run, guestDir, outDir, filesKey, progress } = options;
  const rootDir = join(workDir, 'root');
  const artifactDir = join(workDir, 'artifact');
  await mkdir(artifactDir, { recursive: true });
  const version = `debian-12-${hashOf(filesKey, ...bases.digests).slice(0, 12)}`;
  progress(`assembling the root file system of ${version}`);
  const rootOptions = { run, bases, guestDir, rootDir, version };
  await assembleRoot(rootOptions);
  const kernel = await assembleKernel(rootOptions, join(workDir, 'kernel'));
  progress(`packing the initramfs (Linux ${kernel.release})`);
  await copyFile(kernel.vmlinuz, join(artifactDir, 'vmlinuz'));
  await writeFile(join(artifactDir, 'initramfs'), await buildInitramfs(guestDir, rootDir, kernel));
  progress('packing the root disk (mkfs.erofs)');
  const rootDisk = join(artifactDir, 'root.erofs');
  await runChecked(
    run,
    ['mkfs.erofs', '--quiet', '-zlz4', `-T${SOURCE_DATE_EPOCH}`, `-U${ROOT_DISK_UUID}`, rootDisk, rootDir],
    { timeoutMs: 300_000 },
  );
  return publishArtifact(artifactDir, outDir, { version, cmdline: CMDLINE });
}

async function removeOthers(directory: string, keep: string): Promise<void> {
  for (const name of await readdir(directory)) {
    if (!name.startsWith(keep)) await rm(join(directory, name), { recursive: true, force: true });
  }
}
