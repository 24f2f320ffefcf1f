import { isDeepStrictEqual } from 'node:util';
import type { Change, Informer } from '../../api/client/index.ts';
import type { CustomResourceDefinition } from '../../crds/customresourcedefinition/definition.ts';
import type { ApiObject } from '../../crds/meta/meta.ts';
import { type ResourceQuota, resourceQuotaDefinition } from '../../crds/resourcequota/definition.ts';
import type { KindName } from '../../crds/resourcequota/tracked-resources.ts';
import type { SandboxContainer } from '../../crds/sandboxcontainer/definition.ts';
import type { UserVm } from '../../crds/uservm/definition.ts';
import type { VolumeSnapshot } from '../../crds/volumesnapshot/definition.ts';
import type { ManagerContext } from '../manager-context.ts';
import { informerSource, type Source, startController } from '../runtime/index.ts';
import { frees, quotasCounting } from './freed.ts';
import { KindWatches } from './kind-watches.ts';
import { RESYNC_MS, ResourceQuotaReconciler } from './reconcile.ts';

/** The kinds whose objects are needed whole; others are watched by name as quotas count them. */
export interface ResourceQuotaInformers {
  /** With `quotaIndexers`. */
  readonly quotas: Informer<ResourceQuota>;
  readonly definitions: Informer<CustomResourceDefinition>;
  readonly vms: Informer<UserVm>;
  readonly containers: Informer<SandboxContainer>;
  readonly snapshots: Informer<VolumeSnapshot>;
}

function limitsChanged({ old, new: current }: Change<ResourceQuota>): boolean {
  return old === undefined || current === undefined || !isDeepStrictEqual(old.spec, current.spec);
}

/** What goes, or shrinks, makes the quotas that count it look again. */
function freedSource<T extends ApiObject>(informer: Informer<T>, quotas: Informer<ResourceQuota>): Source {
  const { definition } = informer;
  return informerSource(informer, {
    predicate: (change) => frees(definition, change),
    keys: ({ metadata }) => quotasCounting(quotas.lister, definition, metadata.namespace ?? ''),
  });
}

/** @param resyncMs each quota is counted anew after so long in any case; default 5 minutes */
export function startResourceQuotaController(
  context: ManagerContext,
  { quotas, definitions, vms, containers, snapshots }: ResourceQuotaInformers,
  resyncMs = RESYNC_MS,
): { stop(): Promise<void> } {
  const { client, clock, logger, metrics, committer } = context;
  const watches = new KindWatches(context, {
    quotas: quotas.lister,
    definitions: definitions.lister,
    watched: [quotas, vms, containers, snapshots].map(({ definition }): KindName => definition),
    onGone: (kind, namespace) => {
      for (const key of quotasCounting(quotas.lister, kind, namespace)) controller.enqueue(key);
    },
  });
  const controller = startController({
    name: 'resourcequota',
    clock,
    logger,
    metrics,
    reconciler: new ResourceQuotaReconciler({
      client,
      quotas: quotas.lister,
      addressOf: (kind) => watches.addressOf(kind),
      clock,
      resyncMs,
      commit: (quota, status, signal) => committer.commit(resourceQuotaDefinition, quota, status, [], signal),
    }),
    sources: [
      // A status is written by those who charge a quota, and here.
      informerSource(quotas, { predicate: limitsChanged }),
      // A kind is known by them.
      informerSource(definitions, { keys: () => [] }),
      freedSource(quotas, quotas),
      freedSource(vms, quotas),
      freedSource(containers, quotas),
      freedSource(snapshots, quotas),
    ],
  });
  const leaves = [
    quotas.onChange((_, change) => {
      if (limitsChanged(change)) watches.update();
    }),
    definitions.onChange(() => watches.update()),
  ];
  return {
    stop: async () => {
      for (const leave of leaves) leave();
      await watches.stop();
      await controller.stop();
    },
  };
}
