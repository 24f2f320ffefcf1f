import { createHash } from 'node:crypto';
import { mkdir, rename, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { tinyKernel } from '../cloud-hypervisor/testing/tiny-kernel.ts';

const digestOf = (bytes: Buffer) => createHash('sha256').update(bytes).digest('hex');

/** Makes a guest image of a few kilobytes that boots nothing, as a build would. Resolves to its digest, in hex. */
export async function makeFakeImage(imagesDirectory: string): Promise<string> {
  const contents = {
    kernel: { name: 'vmlinuz', bytes: Buffer.from(tinyKernel()) },
    initramfs: { name: 'initrd', bytes: Buffer.alloc(512, 'i') },
    rootDisk: { name: 'root.erofs', bytes: Buffer.alloc(1024 * 1024) },
  };
  const files = Object.fromEntries(
    Object.entries(contents).map(([part, { name, bytes }]) => [
      part,
      { name, digest: `sha256:${digestOf(bytes)}`, sizeBytes: bytes.length },
    ]),
  );
  const manifest = Buffer.from(JSON.stringify({ version: 'fake', ...files, cmdline: 'console=ttyS0' }));
  const digest = digestOf(manifest);
  const building = join(imagesDirectory, `${digest}.building`);
  await mkdir(building, { recursive: true });
  for (const { name, bytes } of Object.values(contents)) await writeFile(join(building, name), bytes);
  await writeFile(join(building, 'manifest.json'), manifest);
  await rename(building, join(imagesDirectory, digest));
  return digest;
}
