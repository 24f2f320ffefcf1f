import { isDeepStrictEqual } from 'node:util';
import { isRecord, type JsonRecord } from '../../../crds/generate/json-record.ts';
import type { ApiObject, ObjectMeta } from '../../../crds/meta/meta.ts';
import type { Namespace } from '../../../crds/namespace/definition.ts';
import { TRACEPARENT_ANNOTATION } from '../../../lib/telemetry.ts';
import { guaranteedUpdate, type WritePlan } from '../../storage/guaranteed-update.ts';
import { objectKey } from '../../storage/keys.ts';
import { StoredObject } from '../../storage/stored-object.ts';
import { reservationsOf } from '../admission/reservations.ts';
import { managedAfterUpdate } from '../apply/field-manager.ts';
import { conflict, invalid, notFound, staleWrite } from '../http/errors.ts';
import { forgetUnlimited, QuotaChange } from '../quota/quota-change.ts';
import { WriteQuotas } from '../quota/write-quotas.ts';
import {
  fieldWriterOf,
  keepTimesAlone,
  type ManageFields,
  sentManagedFields,
  setManagedFields,
} from './manage-fields.ts';
import { mergeUpdate } from './merge-update.ts';
import { checkIdentity, hasGeneration, isTraced, setTraceparent, validated } from './prepare.ts';
import type { WriteRequest, WriteResult } from './write-request.ts';

/** Makes the wanted object from a copy of the present one; may throw StatusError. */
export type Propose = (current: ApiObject) => JsonRecord;

/** The object is gone once nothing holds it any more. */
export function isReleased(object: ApiObject): boolean {
  const { deletionTimestamp, finalizers } = object.metadata;
  if (deletionTimestamp === undefined || (finalizers ?? []).length > 0) return false;
  return object.kind !== 'Namespace' || ((object as Namespace).spec?.finalizers ?? []).length === 0;
}

/** A write based on another revision or another object of the same name loses. */
function checkPreconditions(request: WriteRequest, current: ApiObject, proposed: JsonRecord): void {
  const { definition } = request.resource;
  const sent: ObjectMeta = isRecord(proposed.metadata) ? proposed.metadata : {};
  if (sent.uid !== undefined && sent.uid !== '' && sent.uid !== current.metadata.uid) {
    if (request.isPatch === true) {
      const detail = 'field is immutable';
      throw invalid(definition, request.name, [
        { field: 'metadata.uid', type: 'FieldValueInvalid', value: sent.uid, detail },
      ]);
    }
    throw conflict(
      definition,
      request.name,
      `Precondition failed: UID in precondition: ${sent.uid}, UID in object meta: ${current.metadata.uid}`,
    );
  }
  const { resourceVersion = '' } = sent;
  if (resourceVersion !== '' && resourceVersion !== current.metadata.resourceVersion) {
    throw staleWrite(definition, request.name);
  }
}

function checkFinalizers(request: WriteRequest, current: ApiObject, next: ApiObject): void {
  if (current.metadata.deletionTimestamp === undefined) return;
  const held = new Set(current.metadata.finalizers);
  const added = (next.metadata.finalizers ?? []).filter((finalizer) => !held.has(finalizer));
  if (added.length === 0) return;
  throw invalid(request.resource.definition, request.name, [
    {
      field: 'metadata.finalizers',
      type: 'FieldValueForbidden',
      detail: `no new finalizers can be added if the object is being deleted, found new finalizers ${JSON.stringify(added)}`,
    },
  ]);
}

/** Whether anything but metadata, and a status that is a subresource, differs: what `generation` counts. */
function specChanged(current: ApiObject, next: ApiObject, hasStatus: boolean): boolean {
  const { metadata: _a, status: statusBefore, ...before } = current;
  const { metadata: _c, status: statusAfter, ...after } = next;
  return !isDeepStrictEqual(before, after) || (!hasStatus && !isDeepStrictEqual(statusBefore, statusAfter));
}

/** The trace annotation outlives clients that replace the annotations; a change of the spec starts a new trace. */
function markChange(request: WriteRequest, current: ApiObject, next: ApiObject): void {
  const { definition } = request.resource;
  if (!hasGeneration(definition)) return;
  const changed = specChanged(current, next, definition.hasStatus);
  if (changed) next.metadata.generation = (current.metadata.generation ?? 0) + 1;
  if (!isTraced(definition)) return;
  // What is only tried begins no trace: `kubectl diff` would show it.
  if (changed && !request.dryRun) {
    setTraceparent(next, request.traceparent);
    return;
  }
  const trace = current.metadata.annotations?.[TRACEPARENT_ANNOTATION];
  if (trace !== undefined) {
    next.metadata.annotations = { ...next.metadata.annotations, [TRACEPARENT_ANNOTATION]: trace };
  }
}

function isSame(current: ApiObject, next: ApiObject): boolean {
  const { resourceVersion: _, ...metadata } = current.metadata;
  return isDeepStrictEqual({ ...current, metadata }, next);
}

/**
 * The write that turns `current` into `next`; also used by the commit of a status with its events.
 * @param isCurrent whether `current` is stored in the form that a write would give it; else it is written anew
 */
export function planOf(
  request: WriteRequest,
  current: ApiObject,
  next: ApiObject,
  isCurrent = true,
): WritePlan {
  if (isReleased(next)) {
    const claims = reservationsOf(request.resource.definition, next);
    return { action: 'delete', also: claims.map(({ key }) => ({ delete: key })) };
  }
  if (isCurrent && isSame(current, next)) return { action: 'none' };
  return { action: 'put', value: request.resource.encode(next) };
}

/**
 * The object as it will be, checked.
 * @param manageFields who owns what then; by default the manager of the request owns what it changes
 */
export function nextObject(
  request: WriteRequest,
  current: StoredObject,
  propose: Propose,
  manageFields?: ManageFields,
): { next: ApiObject; warnings: readonly string[] } {
  const present = current.object;
  const proposed = propose(current.clone());
  const managedFields = sentManagedFields(proposed);
  checkIdentity(request, proposed);
  checkPreconditions(request, present, proposed);
  const merged = mergeUpdate(request.resource.definition, request.subresource, present, proposed);
  const { object: next, warnings } = validated(request, merged, present);
  checkFinalizers(request, present, next);
  const entries =
    manageFields?.(next) ?? managedAfterUpdate(fieldWriterOf(request), present, next, managedFields);
  markChange(request, present, next);
  setManagedFields(next, entries);
  keepTimesAlone(present, next);
  request.admission?.check(request, { operation: 'UPDATE', object: next, oldObject: present });
  return { next, warnings };
}

/**
 * Changes an object by read-modify-write. An update that changes nothing is no write: the resourceVersion stays.
 * One that takes the last finalizer off a deleted object removes it.
 * @throws StatusError
 */
export async function updateObject(
  request: WriteRequest,
  propose: Propose,
  manageFields?: ManageFields,
): Promise<WriteResult> {
  const { context, resource, namespace, name } = request;
  const key = objectKey(resource.definition, namespace, name);
  let warnings: readonly string[] = [];
  let preview: StoredObject | undefined;
  using quotas = new WriteQuotas(request);
  const changes = new QuotaChange(request, quotas);
  const result = await guaranteedUpdate({
    kv: context.kv,
    key,
    cached: context.cache.get(key),
    attemptsMax: () => quotas.attemptsMax,
    plan: async (current) => {
      if (current === undefined) throw notFound(resource.definition, name);
      const seen = resource.view(current);
      const made = nextObject(request, seen, propose, manageFields);
      warnings = made.warnings;
      forgetUnlimited(resource.definition, made.next);
      const changed = planOf(request, seen.object, made.next, resource.isCurrent(current));
      const plan = await changes.onto(changed, seen.object, made.next);
      if (!request.dryRun) return plan;
      preview = plan.action === 'put' ? new StoredObject(key, plan.value, current.modRevision) : current;
      return { action: 'none' };
    },
  });
  if (result.action === 'put') quotas.committed(result.revision);
  const stored = preview ?? result.stored;
  if (stored === undefined) throw notFound(resource.definition, name);
  return { action: result.action, stored, warnings };
}
