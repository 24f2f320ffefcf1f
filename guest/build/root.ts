import { chmod, cp, mkdir, readFile, rename, rm, symlink, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { type RunCommand, runChecked } from '../../lib/run-command.ts';
import type { Bases } from './bases.ts';
import { loadOrder, parseModulesDep } from './modules.ts';
import { KERNEL_MODULES, OPTIONAL_KERNEL_MODULES } from './packages.ts';
import { CLOSURE_REMOVALS, ROOT_REMOVALS } from './trim.ts';

export interface RootOptions {
  readonly run: RunCommand;
  readonly bases: Bases;
  /** The folder `guest/` with its `rootfs/` and `example/`. */
  readonly guestDir: string;
  /** Empty directory that becomes the root. */
  readonly rootDir: string;
  /** Written to /etc/holt/image-version. */
  readonly version: string;
}

/** Unpacks and trims the root file system, lays `guest/rootfs` over it and puts the closure in. */
export async function assembleRoot(options: RootOptions): Promise<void> {
  const { run, bases, guestDir, rootDir, version } = options;
  await unpack(run, bases.rootTar, rootDir);
  await removeAll(rootDir, ROOT_REMOVALS);
  await runChecked(run, ['find', rootDir, '-xdev', '-name', '*.pyc', '-delete']);
  for (const directory of [
    'var/cache',
    'var/log',
    'var/lib/holt',
    'var/lib/containers',
    'opt/holt/closures',
  ]) {
    await mkdir(join(rootDir, directory), { recursive: true });
  }
  await cp(join(guestDir, 'rootfs'), rootDir, { recursive: true, verbatimSymlinks: true });
  await runChecked(run, [
    'chown',
    '-R',
    'root:root',
    join(rootDir, 'etc/holt'),
    join(rootDir, 'usr/lib/holt'),
  ]);
  await writeFile(join(rootDir, 'etc/holt/image-version'), `${version}\n`);
  // Empty: systemd makes one up for each boot, and it never counts as a first boot.
  await writeFile(join(rootDir, 'etc/machine-id'), '');
  await writeFile(join(rootDir, 'etc/hostname'), 'holt-guest\n');
  await writeFile(join(rootDir, 'etc/hosts'), '127.0.0.1 localhost\n');
  await writeFile(join(rootDir, 'etc/resolv.conf'), '');
  await symlink('/etc/systemd/system/holt.target', join(rootDir, 'etc/systemd/system/default.target'));
  await assembleClosure(options, join(rootDir, 'opt/holt/closures/node'));
}

async function assembleClosure({ run, bases, guestDir }: RootOptions, closureDir: string): Promise<void> {
  await unpack(run, bases.closureTar, closureDir);
  await removeAll(closureDir, CLOSURE_REMOVALS);
  for (const directory of ['data', 'proc', 'sys', 'run', 'root', 'var/lib', 'opt/holt/example']) {
    await mkdir(join(closureDir, directory), { recursive: true });
  }
  await mkdir(join(closureDir, 'tmp'), { recursive: true });
  await chmod(join(closureDir, 'tmp'), 0o1777);
  await runChecked(run, ['chroot', closureDir, '/bin/busybox', '--install', '-s', '/bin']);
  await writeFile(
    join(closureDir, 'etc/passwd'),
    'root:x:0:0:root:/root:/bin/sh\nnobody:x:65534:65534::/:/bin/false\n',
  );
  await writeFile(join(closureDir, 'etc/group'), 'root:x:0:\nnogroup:x:65534:\n');
  await cp(join(guestDir, 'example/server.js'), join(closureDir, 'opt/holt/example/server.js'));
}

/** Kernel files that both the root disk and the initramfs need. */
export interface KernelFiles {
  readonly vmlinuz: string;
  readonly release: string;
  /** Directory that holds `kernel/...` and `modules.dep`. */
  readonly modulesDir: string;
  /** Paths below `modulesDir`, in load order. */
  readonly bootModules: readonly string[];
}

/** Unpacks the kernel package into `kernelDir` and moves the few modules that a guest uses to the root. */
export async function assembleKernel(options: RootOptions, kernelDir: string): Promise<KernelFiles> {
  const { run, bases, rootDir } = options;
  await unpack(run, bases.kernelTar, kernelDir);
  const release = (await runChecked(run, ['ls', join(kernelDir, 'lib/modules')])).trim();
  const modulesDir = join(rootDir, 'usr/lib/modules', release);
  await mkdir(dirname(modulesDir), { recursive: true });
  await rename(join(kernelDir, 'lib/modules', release), modulesDir);
  // The root's own depmod: this machine may have none.
  const depmod = ['chroot', rootDir, 'depmod', release];
  await runChecked(run, depmod);
  const index = parseModulesDep(await readFile(join(modulesDir, 'modules.dep'), 'utf8'));
  const bootModules = loadOrder(index, KERNEL_MODULES);
  const kept = new Set([...bootModules, ...loadOrder(index, OPTIONAL_KERNEL_MODULES)]);
  for (const path of index.dependencies.keys()) {
    if (!kept.has(path)) await rm(join(modulesDir, path));
  }
  await runChecked(run, ['find', modulesDir, '-depth', '-type', 'd', '-empty', '-delete']);
  await runChecked(run, depmod);
  return { vmlinuz: join(kernelDir, 'boot', `vmlinuz-${release}`), release, modulesDir, bootModules };
}

async function unpack(run: RunCommand, tar: string, directory: string): Promise<void> {
  await mkdir(directory, { recursive: true });
  await runChecked(run, ['tar', '--numeric-owner', '-xf', tar, '-C', directory], { timeoutMs: 120_000 });
}

async function removeAll(directory: string, paths: readonly string[]): Promise<void> {
  for (const path of paths) await rm(join(directory, path), { recursive: true, force: true });
}
