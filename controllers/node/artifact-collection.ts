import type { ApiClient, Informer } from '../../api/client/index.ts';
import { type GuestImage, guestImageDefinition } from '../../crds/guestimage/definition.ts';
import { type UserVm, userVmDefinition } from '../../crds/uservm/definition.ts';
import type { HoltConfig } from '../../lib/config.ts';
import { statePaths } from '../../lib/config.ts';
import { createCollectionEffects } from '../artifacts/collection/host-effects.ts';
import { digestsIn } from '../artifacts/collection/used-digests.ts';

/** Which artifacts the objects name that this node can see, and where it keeps them. */
export function collectionOptions(options: {
  readonly config: HoltConfig;
  readonly client: Pick<ApiClient, 'listAll'>;
  readonly guestImages: Informer<GuestImage>;
  readonly userVms: Informer<UserVm>;
  /** Selects the UserVMs of this node. */
  readonly fieldSelector: string;
}) {
  const { config, client, guestImages, userVms, fieldSelector } = options;
  const paths = statePaths(config.stateDir);
  return {
    effects: createCollectionEffects({ imagesDirectory: paths.images, vmsDirectory: paths.vms }),
    retentionMs: config.guestImages.retentionHours * 3_600_000,
    cachedUse: () => {
      if (!guestImages.hasSynced() || !userVms.hasSynced()) return undefined;
      return useOf(guestImages.lister.list(), userVms.lister.list());
    },
    currentUse: async () => {
      const images = await client.listAll<GuestImage>(guestImageDefinition, {});
      const vms = await client.listAll<UserVm>(userVmDefinition, { fieldSelector });
      return useOf(images.items, vms.items);
    },
  };
}

function useOf(images: readonly GuestImage[], vms: readonly UserVm[]): ReadonlySet<string> {
  return digestsIn([images.map(({ spec, status }) => [spec, status]), vms.map(({ status }) => status)]);
}
