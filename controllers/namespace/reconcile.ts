import { type ApiClient, isConflict, isNotFound, type Lister } from '../../api/client/index.ts';
import type { Stored } from '../../crds/meta/meta.ts';
import type { ResourceDefinition } from '../../crds/meta/resource-definition.ts';
import { type Namespace, namespaceDefinition } from '../../crds/namespace/definition.ts';
import type { Clock } from '../../lib/clock.ts';
import type { ReconcileRequest, ReconcileResult, Reconciler } from '../runtime/index.ts';
import { observeKinds } from './kinds.ts';
import { observeContents } from './observe.ts';
import { type EmptyingPlan, planEmptying } from './plan.ts';
import { statusOfEmptying } from './status.ts';

/** Held in `spec.finalizers` until the namespace is empty. */
export const NAMESPACE_FINALIZER = 'kubernetes';

/** While something is left: its finalizers may take as long as they need. */
const LOOK_AGAIN_MS = 1_000;

/** Deletes that are under way at once. */
const DELETES_MAX = 16;

export interface NamespaceDependencies {
  readonly namespaces: Lister<Namespace>;
  readonly client: Pick<ApiClient, 'listAll' | 'delete' | 'update'>;
  readonly definitions: readonly ResourceDefinition[];
  readonly clock: Clock;
  readonly commit: (
    namespace: Stored<Namespace>,
    status: Record<string, unknown>,
    signal: AbortSignal,
  ) => Promise<unknown>;
}

/** Steps: README.md. */
export class NamespaceReconciler implements Reconciler {
  readonly #dependencies: NamespaceDependencies;

  constructor(dependencies: NamespaceDependencies) {
    this.#dependencies = dependencies;
  }

  async reconcile({ name }: ReconcileRequest, { signal }: { signal: AbortSignal }): Promise<ReconcileResult> {
    const { namespaces, client, definitions, clock, commit } = this.#dependencies;
    const namespace = namespaces.get('', name);
    if (namespace?.metadata.deletionTimestamp === undefined) return {};
    if (namespace.spec?.finalizers?.includes(NAMESPACE_FINALIZER) !== true) return {};
    const kinds = await observeKinds(client, definitions, signal);
    const plan = planEmptying(await observeContents(client, kinds, name, signal));
    if (plan.remaining.size === 0) {
      await this.#finalize(namespace, signal);
      return {};
    }
    await this.#deleteAll(plan, signal);
    await commit(namespace, statusOfEmptying(namespace, plan, clock), signal);
    return { requeueAfterMs: LOOK_AGAIN_MS };
  }

  async #deleteAll({ toDelete }: EmptyingPlan, signal: AbortSignal): Promise<void> {
    const rest = [...toDelete];
    const worker = async () => {
      for (let next = rest.shift(); next !== undefined; next = rest.shift()) {
        const { namespace, name, uid } = next.object.metadata;
        await this.#dependencies.client
          .delete(next.definition, { namespace, name }, { uid, propagationPolicy: 'Background', signal })
          // Gone, or made anew under its name, which the next look finds.
          .catch((error: unknown) => {
            if (!isNotFound(error) && !isConflict(error)) throw error;
          });
      }
    };
    await Promise.all(Array.from({ length: DELETES_MAX }, worker));
  }

  async #finalize(namespace: Stored<Namespace>, signal: AbortSignal): Promise<void> {
    const finalizers =
      namespace.spec?.finalizers?.filter((finalizer) => finalizer !== NAMESPACE_FINALIZER) ?? [];
    await this.#dependencies.client
      .update<Namespace>(
        namespaceDefinition,
        { ...namespace, spec: { ...namespace.spec, finalizers } },
        { subresource: 'finalize', signal },
      )
      .catch((error: unknown) => {
        if (!isNotFound(error)) throw error;
      });
  }
}
