import { z } from 'zod';

/** `sha256:` and 64 hexadecimal digits. */
export const sha256 = z
  .string()
  .regex(/^sha256:[0-9a-f]{64}$/, 'must be "sha256:" and 64 hexadecimal digits');

const file = z.object({
  name: z.string().min(1).describe('File name in the artifact.'),
  digest: sha256.describe('Digest of the content.'),
  sizeBytes: z.int().min(1).describe('Length of the content.'),
});

/** All that a manifest says, and the manifest's own digest. */
export const artifactSchema = z.object({
  digest: sha256.describe('Digest of the manifest; the node looks for the artifact under this name.'),
  version: z.string().describe('For people.'),
  kernel: file.describe('Linux kernel.'),
  initramfs: file.describe('Initial RAM disk.'),
  rootDisk: file.describe('Read-only erofs root.'),
  cmdline: z.string().describe("Kernel command line; the node appends the VM's own parameters."),
});

export type Artifact = z.infer<typeof artifactSchema>;

/** The artifact that a GuestImage's spec names, without how it is rolled out. */
export function artifactOf({ digest, version, kernel, initramfs, rootDisk, cmdline }: Artifact): Artifact {
  return { digest, version, kernel, initramfs, rootDisk, cmdline };
}
