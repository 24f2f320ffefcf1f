import { createHash } from 'node:crypto';
import { linkSync, mkdirSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { type Artifact, artifactSchema } from '../../crds/guestimage/artifact.ts';

/** An artifact of the same files with more on its kernel command line: another digest at no cost. */
export function deriveArtifact(imagesDirectory: string, base: Artifact, parameters: string): Artifact {
  const { digest: baseDigest, ...manifest } = base;
  const text = JSON.stringify({ ...manifest, cmdline: `${manifest.cmdline} ${parameters}` });
  const hex = createHash('sha256').update(text).digest('hex');
  const directory = join(imagesDirectory, hex);
  rmSync(directory, { recursive: true, force: true });
  mkdirSync(directory);
  for (const { name } of [manifest.kernel, manifest.initramfs, manifest.rootDisk])
    linkSync(join(imagesDirectory, baseDigest.replace('sha256:', ''), name), join(directory, name));
  writeFileSync(join(directory, 'manifest.json'), text);
  return artifactSchema.parse({ ...JSON.parse(text), digest: `sha256:${hex}` });
}

export function removeArtifact(imagesDirectory: string, { digest }: Artifact): void {
  rmSync(join(imagesDirectory, digest.replace('sha256:', '')), { recursive: true, force: true });
}

/** Boots a kernel and never any of the guest's services: such a VM never becomes Ready. */
export const NEVER_READY = 'systemd.unit=emergency.target';
