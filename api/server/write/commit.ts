import type { JsonRecord } from '../../../crds/generate/json-record.ts';
import { statusCommitSchema } from '../../../crds/meta/status-commit.ts';
import { guaranteedUpdate, type WritePlan } from '../../storage/guaranteed-update.ts';
import { objectKey } from '../../storage/keys.ts';
import { StoredObject } from '../../storage/stored-object.ts';
import { badRequest, notFound } from '../http/errors.ts';
import { planEvents } from './event-record.ts';
import { nextObject, planOf } from './update.ts';
import type { WriteRequest, WriteResult } from './write-request.ts';

/** After so many lost races for a repeated event's count, the event is added as a new one. */
const COUNT_UP_ATTEMPTS_MAX = 3;

/**
 * Replaces the status and writes the events that explain it, all in one transaction: nobody sees an event
 * before its status, and none is lost.
 * @throws StatusError
 */
export async function commitStatus(request: WriteRequest, body: JsonRecord): Promise<WriteResult> {
  const parsed = statusCommitSchema.safeParse(body);
  if (!parsed.success) {
    const [issue] = parsed.error.issues;
    throw badRequest(`StatusCommit: ${issue?.path.join('.')}: ${issue?.message}`);
  }
  const commit = parsed.data;
  const { context, resource, namespace, name } = request;
  const key = objectKey(resource.definition, namespace, name);
  let warnings: readonly string[] = [];
  let preview: StoredObject | undefined;
  let attempts = 0;
  const result = await guaranteedUpdate({
    kv: context.kv,
    key,
    cached: context.cache.get(key),
    plan: (current): WritePlan => {
      if (current === undefined) throw notFound(resource.definition, name);
      const made = nextObject({ ...request, subresource: 'status' }, resource.view(current), (present) => ({
        ...present,
        metadata: { ...present.metadata, ...commit.metadata },
        status: commit.status,
      }));
      warnings = made.warnings;
      attempts += 1;
      const events = planEvents(context, current.object, commit, attempts <= COUNT_UP_ATTEMPTS_MAX);
      const plan = planOf(request, current.object, made.next);
      if (request.dryRun) {
        preview = plan.action === 'put' ? new StoredObject(key, plan.value, current.modRevision) : current;
        return { action: 'none' };
      }
      if (plan.action === 'delete' || (plan.action === 'none' && events.length === 0)) return plan;
      // An unchanged status is written again with its events, so that they stand in one revision with it.
      return {
        action: 'put',
        value: plan.action === 'put' ? plan.value : current.bytes,
        guards: events.map(({ guard }) => guard),
        also: events.map(({ operation }) => operation),
      };
    },
  });
  const stored = preview ?? result.stored;
  if (stored === undefined) throw notFound(resource.definition, name);
  return { action: result.action, stored, warnings };
}
