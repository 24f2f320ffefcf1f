import { type ApiClient, isNotFound, type Lister } from '../../api/client/index.ts';
import { type SandboxContainer, sandboxContainerDefinition } from '../../crds/sandboxcontainer/definition.ts';
import type { Clock } from '../../lib/clock.ts';
import type { ReconcileContext, ReconcileRequest, ReconcileResult, Reconciler } from '../runtime/index.ts';
import { planRetention } from './plan.ts';

/** Timers are not set further ahead: the clock may be put right meanwhile. */
const LONGEST_WAIT_MS = 3_600_000;

export interface JobRetentionDependencies {
  readonly client: Pick<ApiClient, 'delete'>;
  readonly containers: Lister<SandboxContainer>;
  readonly clock: Pick<Clock, 'nowMs'>;
}

/** Steps: README.md. */
export class JobRetentionReconciler implements Reconciler {
  readonly #dependencies: JobRetentionDependencies;

  constructor(dependencies: JobRetentionDependencies) {
    this.#dependencies = dependencies;
  }

  /** @throws ApiError also where the job was changed meanwhile: it is looked at again */
  async reconcile(request: ReconcileRequest, { signal }: ReconcileContext): Promise<ReconcileResult> {
    const { client, containers, clock } = this.#dependencies;
    const object = containers.get(request.namespace, request.name);
    if (object === undefined) return {};
    const plan = planRetention(object, clock.nowMs());
    if (plan.action === 'wait') return { requeueAfterMs: Math.min(plan.dueInMs, LONGEST_WAIT_MS) };
    if (plan.action === 'none') return {};
    const { uid, resourceVersion } = object.metadata;
    try {
      await client.delete(sandboxContainerDefinition, request, { uid, resourceVersion, signal });
    } catch (error) {
      if (!isNotFound(error)) throw error;
    }
    return {};
  }
}
