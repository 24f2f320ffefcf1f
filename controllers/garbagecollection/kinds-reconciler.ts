import { type ApiClient, discoverResources } from '../../api/client/index.ts';
import type { Logger } from '../../lib/logger.ts';
import type { ReconcileRequest, ReconcileResult, Reconciler } from '../runtime/index.ts';
import type { KindCatalog } from './kind-catalog.ts';
import { type KindMonitors, RETIRE_MS } from './monitors.ts';

/** Definitions tell of themselves by watch; this is for all else that changes what is served. */
const PERIOD_MS = 60_000;

export interface KindsDependencies {
  readonly client: Pick<ApiClient, 'request'>;
  readonly catalog: KindCatalog;
  readonly monitors: Pick<KindMonitors, 'follow' | 'unreadable'>;
  readonly logger: Logger;
  /** Called after each look at what is served; `isChanged` says whether it is something else than before. */
  readonly onLooked: (isChanged: boolean) => void;
}

/** Keeps the catalog and the monitors to what the API server serves. */
export class KindsReconciler implements Reconciler {
  readonly #dependencies: KindsDependencies;

  constructor(dependencies: KindsDependencies) {
    this.#dependencies = dependencies;
  }

  async reconcile(_: ReconcileRequest, { signal }: { signal: AbortSignal }): Promise<ReconcileResult> {
    const { client, catalog, monitors, logger, onLooked } = this.#dependencies;
    const isChanged = catalog.replace(await discoverResources(client, { signal }));
    const isRetiring = await monitors.follow(catalog.collectable);
    for (const [resource, reason] of monitors.unreadable()) {
      if (!isChanged)
        logger.warn({ resource, reason }, 'objects of this kind are not known; they are left alone');
    }
    onLooked(isChanged);
    return { requeueAfterMs: isRetiring ? RETIRE_MS : PERIOD_MS };
  }
}
