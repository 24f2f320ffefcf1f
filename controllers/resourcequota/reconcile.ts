import { type ApiClient, isNotFound, type Lister } from '../../api/client/index.ts';
import type { Stored } from '../../crds/meta/meta.ts';
import { type ResourceQuota, resourceQuotaDefinition } from '../../crds/resourcequota/definition.ts';
import { formatAmounts } from '../../crds/resourcequota/resource-list.ts';
import type { Clock } from '../../lib/clock.ts';
import type { ReconcileRequest, ReconcileResult, Reconciler } from '../runtime/index.ts';
import { observeUsage, type UsageDependencies } from './observe-usage.ts';

/** Source: the default of --resource-quota-sync-period of kube-controller-manager. */
export const RESYNC_MS = 5 * 60_000;

/** A quota is counted no more often, however many objects go at once. */
const COUNT_INTERVAL_MS = 200;

export interface ResourceQuotaDependencies extends UsageDependencies {
  readonly client: Pick<ApiClient, 'get' | 'listAll' | 'request'>;
  readonly quotas: Lister<ResourceQuota>;
  readonly clock: Clock;
  /** Each quota is counted anew after so long in any case. */
  readonly resyncMs: number;
  readonly commit: (
    quota: Stored<ResourceQuota>,
    status: Record<string, unknown>,
    signal: AbortSignal,
  ) => Promise<unknown>;
}

/** Steps: README.md. */
export class ResourceQuotaReconciler implements Reconciler {
  readonly #dependencies: ResourceQuotaDependencies;
  /** When each quota was last counted, in monotonic milliseconds; by UID. */
  readonly #countedAtMs = new Map<string, number>();

  constructor(dependencies: ResourceQuotaDependencies) {
    this.#dependencies = dependencies;
  }

  async reconcile(
    { namespace, name }: ReconcileRequest,
    { signal }: { signal: AbortSignal },
  ): Promise<ReconcileResult> {
    const { client, quotas, clock, commit, resyncMs } = this.#dependencies;
    const known = quotas.get(namespace, name);
    if (known === undefined) return {};
    const waitMs = this.#waitMs(known.metadata.uid);
    if (waitMs > 0) return { requeueAfterMs: waitMs };
    this.#countedAtMs.set(known.metadata.uid, clock.monotonicMs());
    try {
      const quota = await client.get<ResourceQuota>(resourceQuotaDefinition, { namespace, name }, { signal });
      const used = await observeUsage(this.#dependencies, quota, signal);
      await commit(quota, { hard: quota.spec?.hard ?? {}, used: formatAmounts(used) }, signal);
    } catch (error) {
      if (!isNotFound(error)) throw error;
    }
    return { requeueAfterMs: resyncMs };
  }

  #waitMs(uid: string): number {
    const nowMs = this.#dependencies.clock.monotonicMs();
    for (const [known, atMs] of this.#countedAtMs)
      if (atMs + COUNT_INTERVAL_MS <= nowMs) this.#countedAtMs.delete(known);
    const atMs = this.#countedAtMs.get(uid);
    return atMs === undefined ? 0 : atMs + COUNT_INTERVAL_MS - nowMs;
  }
}
