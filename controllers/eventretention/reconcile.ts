import { type ApiClient, isConflict, isGone, isNotFound } from '../../api/client/index.ts';
import { type Event, eventDefinition } from '../../crds/event/definition.ts';
import type { Stored } from '../../crds/meta/meta.ts';
import type { Clock } from '../../lib/clock.ts';
import type { Logger } from '../../lib/logger.ts';
import type { ReconcileResult, Reconciler } from '../runtime/index.ts';
import { planRetention } from './plan.ts';

/** Between two sweeps. */
export const SWEEP_PERIOD_MS = 60_000;

/** Events that wait for the relay are looked at again soon, once: it is seconds behind, or it is stalled. */
const HELD_RETRY_MS = 5_000;

/** Events a page: also the most that are deleted in one go. */
const PAGE_SIZE = 500;

export interface EventRetentionDependencies {
  readonly client: Pick<ApiClient, 'list' | 'delete'>;
  readonly clock: Clock;
  readonly logger: Logger;
  /** Events up to this revision were relayed to all who are to have them; Infinity where nobody is. */
  readonly relayedRevision: (signal: AbortSignal) => Promise<number>;
}

/** Steps: README.md. */
export class EventRetentionReconciler implements Reconciler {
  readonly #dependencies: EventRetentionDependencies;
  #hasHeld = false;

  constructor(dependencies: EventRetentionDependencies) {
    this.#dependencies = dependencies;
  }

  async reconcile(_request: unknown, { signal }: { signal: AbortSignal }): Promise<ReconcileResult> {
    const { client, clock, logger, relayedRevision } = this.#dependencies;
    const relayed = await relayedRevision(signal);
    let continueToken: string | undefined;
    let heldCount = 0;
    do {
      signal.throwIfAborted();
      try {
        const page = await client.list<Event>(eventDefinition, { limit: PAGE_SIZE, continueToken, signal });
        const { toDelete, held, givenUpCount } = planRetention(page.items, clock.nowMs(), relayed);
        if (givenUpCount > 0)
          logger.error(
            { count: givenUpCount, relayedRevision: relayed },
            'Events that were never relayed are deleted: the event relay has stood still for hours',
          );
        for (const event of toDelete) await this.#delete(event, signal);
        heldCount += held.length;
        continueToken = page.continueToken;
      } catch (error) {
        // The page's revision was compacted while we deleted: the next sweep begins anew.
        if (!isGone(error)) throw error;
        continueToken = undefined;
      }
    } while (continueToken !== undefined);
    const isHeldAnew = heldCount > 0 && !this.#hasHeld;
    this.#hasHeld = heldCount > 0;
    return { requeueAfterMs: isHeldAnew ? HELD_RETRY_MS : SWEEP_PERIOD_MS };
  }

  async #delete(event: Stored<Event>, signal: AbortSignal): Promise<void> {
    const { namespace, name, uid, resourceVersion } = event.metadata;
    try {
      await this.#dependencies.client.delete(
        eventDefinition,
        { namespace, name },
        { uid, resourceVersion, signal },
      );
    } catch (error) {
      if (!isNotFound(error) && !isConflict(error)) throw error;
    }
  }
}
