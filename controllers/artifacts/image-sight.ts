import { join } from 'node:path';
import type { Lister } from '../../api/client/index.ts';
import type { GuestImage } from '../../crds/guestimage/definition.ts';
import { USER_VM_REASONS } from '../../crds/uservm/conditions.ts';
import type { ArtifactStore } from './artifact-store.ts';
import { artifactDirectory } from './verify-artifact.ts';

/**
 * Whether a VM of the GuestImage `name` can be booted on this node now, and the absolute paths of the files: with the
 * artifact that a rollout gave it, else with the one that the rollout has for VMs without one, else as declared.
 */
export function sightImage(
  deps: {
    readonly images: Pick<Lister<GuestImage>, 'get'>;
    /** Whether `images` has been listed: before, an image that is not there may only not be known yet. */
    readonly isListed: () => boolean;
    readonly store: ArtifactStore;
    readonly imagesDirectory: string;
  },
  name: string,
  assigned?: string,
) {
  const image = deps.images.get('', name);
  if (image === undefined && !deps.isListed()) return { state: 'pending' } as const;
  if (image === undefined) {
    const message = `there is no GuestImage ${JSON.stringify(name)}; create it, or name another in spec.guestImage`;
    return { state: 'missing', reason: USER_VM_REASONS.GuestImageNotFound, message } as const;
  }
  const digest = assigned ?? image.status?.rollout?.forNew ?? image.spec.digest;
  const isDeclared = digest === image.spec.digest;
  const look = isDeclared ? undefined : deps.store.lookOf(digest);
  const found = isDeclared ? deps.store.stateOf(image.spec) : look;
  if (found === undefined) return { state: 'pending' } as const;
  if (!found.isVerified) {
    const { GuestImageCorrupt, GuestImageUnavailable } = USER_VM_REASONS;
    const reason = found.isPresent ? GuestImageCorrupt : GuestImageUnavailable;
    return { state: 'missing', reason, message: `GuestImage ${name}: ${found.message}` } as const;
  }
  const { kernel, initramfs, rootDisk, cmdline } = look?.isVerified === true ? look.manifest : image.spec;
  const directory = artifactDirectory(deps.imagesDirectory, digest);
  const files = {
    kernel: join(directory, kernel.name),
    initramfs: join(directory, initramfs.name),
    rootDisk: join(directory, rootDisk.name),
  };
  return { state: 'verified', image: { name, digest, cmdline, ...files } } as const;
}
