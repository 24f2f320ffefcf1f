import { isDeepStrictEqual } from 'node:util';
import type { ApiObject } from '../../../../crds/meta/meta.ts';
import type { EventCursor } from '../../../storage/cache/event-cursor.ts';
import type { ServerContext } from '../../http/context.ts';
import { StatusError } from '../../http/status-error.ts';
import { updateObject } from '../../write/update.ts';
import { aggregatedRules } from './aggregated-rules.ts';
import { rbacResource, serverWrite } from './server-write.ts';

const RETRY_MS = 500;

/** Writes what is not as the aggregation rules say. @throws StatusError, StorageError */
async function aggregateOnce(context: ServerContext): Promise<void> {
  const resource = rbacResource(context, 'clusterroles');
  if (resource === undefined) return;
  const stored = [...context.cache.window(resource.prefix).objects(resource.prefix)];
  const roles = stored.map(({ object }) => object);
  for (const role of roles) {
    const rules = aggregatedRules(role, roles);
    if (rules === undefined || isDeepStrictEqual(rules, role.rules ?? [])) continue;
    const write = serverWrite(context, resource, role.metadata.name ?? '');
    try {
      await updateObject(
        write,
        (current): ApiObject =>
          current.metadata.uid === role.metadata.uid ? { ...current, rules: [...rules] } : current,
      );
    } catch (error) {
      if (!(error instanceof StatusError && error.reason === 'NotFound')) throw error;
    }
  }
}

/** Passes over all changes that are there: the present state says all. False where the cursor is of no more use. */
function isUpToDate(cursor: EventCursor | undefined): boolean {
  for (;;) {
    const event = cursor?.next();
    if (event === undefined) return cursor !== undefined;
    if (event === 'expired') return false;
  }
}

/**
 * Keeps the rules of aggregated ClusterRoles, from every change of a ClusterRole in the registry cache until the
 * server stops. Runs in every replica: all write the same rules, and an equal write is none.
 */
export async function runAggregation(context: ServerContext): Promise<void> {
  const { cache, clock, logger, stopping } = context;
  const resource = rbacResource(context, 'clusterroles');
  if (resource === undefined) return;
  let changed = Promise.withResolvers<void>();
  const wake = () => changed.resolve();
  stopping.addEventListener('abort', wake, { once: true });
  let cursor = cache.window(resource.prefix).cursorAfter(cache.revision, wake);
  while (!stopping.aborted) {
    try {
      changed = Promise.withResolvers<void>();
      if (!isUpToDate(cursor)) {
        cursor?.close();
        cursor = cache.window(resource.prefix).cursorAfter(cache.revision, wake);
      }
      await aggregateOnce(context);
      await changed.promise;
    } catch (error) {
      logger.warn({ reason: String(error) }, 'cannot write the rules of aggregated roles yet; trying again');
      await clock.sleep(RETRY_MS, stopping).catch(() => {});
    }
  }
  cursor?.close();
}
