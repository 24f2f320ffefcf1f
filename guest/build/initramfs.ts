import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { CHARACTER_DEVICE, type CpioEntry, DIRECTORY, EXECUTABLE, REGULAR_FILE, writeCpio } from './cpio.ts';
import { moduleName } from './modules.ts';
import type { KernelFiles } from './root.ts';

/** Applets that `init` calls by name. */
const APPLETS = ['insmod', 'mkdir', 'mount', 'poweroff', 'sleep', 'switch_root', 'sync'];

/** Mount points of `init`. */
const DIRECTORIES = ['bin', 'changes', 'dev', 'image', 'lib', 'lib/modules', 'proc', 'root', 'sys'];

/**
 * Builds the initramfs: busybox, `guest/initramfs/init`, and the boot modules flat in /lib/modules with
 * their order. Not compressed: unpacking costs more time at boot than reading.
 */
export async function buildInitramfs(
  guestDir: string,
  rootDir: string,
  kernel: KernelFiles,
): Promise<Buffer> {
  const file = (path: string) => readFile(path);
  const modules = await Promise.all(
    kernel.bootModules.map(async (path) => ({
      name: `${moduleName(path)}.ko`,
      data: await file(join(kernel.modulesDir, path)),
    })),
  );
  const order = modules.map(({ name }) => `${name}\n`).join('');
  const entries: CpioEntry[] = [
    ...DIRECTORIES.map((path) => ({ path, mode: DIRECTORY })),
    { path: 'init', mode: EXECUTABLE, data: await file(join(guestDir, 'initramfs/init')) },
    { path: 'bin/busybox', mode: EXECUTABLE, data: await file(join(rootDir, 'bin/busybox')) },
    ...APPLETS.map((applet) => ({ path: `bin/${applet}`, mode: 0o120777, data: Buffer.from('busybox') })),
    // The kernel opens it for init's output before devtmpfs is mounted.
    { path: 'dev/console', mode: CHARACTER_DEVICE, device: [5, 1] },
    { path: 'lib/modules/order', mode: REGULAR_FILE, data: Buffer.from(order) },
    ...modules.map(({ name, data }) => ({ path: `lib/modules/${name}`, mode: REGULAR_FILE, data })),
  ];
  return writeCpio(entries);
}
