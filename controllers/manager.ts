import { type ApiClient, type IndexFunction, Informer } from '../api/client/index.ts';
import {
  type CustomResourceDefinition,
  customResourceDefinitionDefinition,
} from '../crds/customresourcedefinition/definition.ts';
import { type GuestImage, guestImageDefinition } from '../crds/guestimage/definition.ts';
import { type Lease, leaseDefinition } from '../crds/lease/definition.ts';
import type { ApiObject } from '../crds/meta/meta.ts';
import type { ResourceDefinition } from '../crds/meta/resource-definition.ts';
import { type Namespace, namespaceDefinition } from '../crds/namespace/definition.ts';
import { NODE_LEASE_NAMESPACE, type Node, nodeDefinition } from '../crds/node/definition.ts';
import { type ResourceQuota, resourceQuotaDefinition } from '../crds/resourcequota/definition.ts';
import { type SandboxContainer, sandboxContainerDefinition } from '../crds/sandboxcontainer/definition.ts';
import { type UserVm, userVmDefinition } from '../crds/uservm/definition.ts';
import { type VolumeSnapshot, volumeSnapshotDefinition } from '../crds/volumesnapshot/definition.ts';
import { containerIndexers, startContainerBindingController } from './containerbinding/controller.ts';
import { type EventRelayFacts, relayedRevisionReader, startEventRelay } from './eventrelay/controller.ts';
import { startEventRetentionController } from './eventretention/controller.ts';
import { startGarbageCollection } from './garbagecollection/controller.ts';
import type { GarbageCollectionMetrics } from './garbagecollection/metrics.ts';
import { startJobRetentionController } from './jobretention/controller.ts';
import type { ManagerContext } from './manager-context.ts';
import { startNamespaceController } from './namespace/controller.ts';
import { type ApiServerFacts, startNamespaceDefaultsController } from './namespacedefaults/controller.ts';
import { startNodeLifecycleController } from './nodelifecycle/controller.ts';
import { startPlacementController, userVmIndexers } from './placement/controller.ts';
import { startResourceQuotaController } from './resourcequota/controller.ts';
import { quotaIndexers } from './resourcequota/freed.ts';
import { rolloutIndexers, startRolloutController } from './rollout/controller.ts';
import { snapshotIndexers, startSnapshotBindingController } from './snapshotbinding/controller.ts';

export interface Manager {
  /** @throws Error while some cache has not had its first list */
  checkSynced(): void;
  /** Lets running reconciles end, then the watches. */
  stop(): Promise<void>;
}

/** What the controllers share, and what some of them alone need. */
export interface ManagerOptions extends ManagerContext, ApiServerFacts, EventRelayFacts {
  /** Acts as the collector's own account. */
  readonly garbageCollectionClient: ApiClient;
  readonly garbageCollectionMetrics: GarbageCollectionMetrics;
  /** Every ResourceQuota is counted anew after so long in any case. Default: 5 minutes. */
  readonly quotaResyncMs?: number;
}

/** Starts all cluster controllers on shared informers. Only the leader may. */
export function startManager(context: ManagerOptions): Manager {
  const informers: Informer<ApiObject>[] = [];
  const share = <T extends ApiObject>(
    definition: ResourceDefinition,
    indexers: Readonly<Record<string, IndexFunction<T>>> = {},
    namespace?: string,
  ): Informer<T> => {
    const { client, clock, logger } = context;
    const informer = new Informer<T>({ client, clock, logger, definition, indexers, namespace });
    // Readers of metadata alone see every kind as ApiObject; nobody writes through an informer.
    informers.push(informer as unknown as Informer<ApiObject>);
    return informer;
  };
  const namespaces = share<Namespace>(namespaceDefinition);
  const nodes = share<Node>(nodeDefinition);
  const leases = share<Lease>(leaseDefinition, {}, NODE_LEASE_NAMESPACE);
  const vms = share<UserVm>(userVmDefinition, { ...userVmIndexers, ...rolloutIndexers });
  const images = share<GuestImage>(guestImageDefinition);
  const containers = share<SandboxContainer>(sandboxContainerDefinition, containerIndexers);
  const snapshots = share<VolumeSnapshot>(volumeSnapshotDefinition, snapshotIndexers);
  const quotas = share<ResourceQuota>(resourceQuotaDefinition, quotaIndexers);
  const definitions = share<CustomResourceDefinition>(customResourceDefinitionDefinition);
  const garbageCollection = startGarbageCollection({ ...context, client: context.garbageCollectionClient });
  const controllers = [
    startPlacementController(context, vms, nodes),
    startContainerBindingController(context, vms, containers),
    startRolloutController(context, { images, vms, containers }),
    startJobRetentionController(context, containers),
    startSnapshotBindingController(context, vms, snapshots),
    startNodeLifecycleController(context, nodes, leases),
    startNamespaceController(context, namespaces),
    startNamespaceDefaultsController(context, namespaces, context),
    startResourceQuotaController(
      context,
      { quotas, definitions, vms, containers, snapshots },
      context.quotaResyncMs,
    ),
    startEventRetentionController(context, relayedRevisionReader(context, context)),
    startEventRelay(context, context),
    garbageCollection,
  ];
  for (const informer of informers) informer.start();
  return {
    checkSynced: () => {
      garbageCollection.checkSynced();
      const missing = informers.filter((informer) => !informer.hasSynced());
      if (missing.length === 0) return;
      throw new Error(`no list yet of ${missing.map(({ definition }) => definition.plural).join(', ')}`);
    },
    stop: async () => {
      await Promise.all(controllers.map((controller) => controller.stop()));
      await Promise.all(informers.map((informer) => informer.stop()));
    },
  };
}
