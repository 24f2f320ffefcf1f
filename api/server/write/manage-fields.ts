import { isDeepStrictEqual } from 'node:util';
import { isRecord, type JsonRecord } from '../../../crds/generate/json-record.ts';
import type { ApiObject, ObjectMeta } from '../../../crds/meta/meta.ts';
import { fieldFilterOf } from '../apply/field-filter.ts';
import type { FieldWriter } from '../apply/field-manager.ts';
import type { ManagedFieldsEntry } from '../apply/managed-entries.ts';
import { objectTypeOf, typesOf } from '../apply/object-type.ts';
import { badRequest } from '../http/errors.ts';
import { timestamp, type WriteRequest } from './write-request.ts';

/** Name under which the server owns what it writes by itself. */
const SERVER_MANAGER = 'holt-api';

/** The managedFields for the object as it will be stored. */
export type ManageFields = (next: ApiObject) => readonly ManagedFieldsEntry[];

/** The request as its field manager. */
export function fieldWriterOf(request: WriteRequest): FieldWriter {
  const { context, resource, subresource, fieldManager = SERVER_MANAGER } = request;
  return {
    manager: fieldManager,
    subresource,
    apiVersion: resource.apiVersion,
    type: objectTypeOf(resource.structural),
    typeOf: typesOf(resource, context.catalog),
    filter: fieldFilterOf(resource.definition, subresource),
    now: timestamp(context.clock.nowMs()),
  };
}

/**
 * The managedFields that a client sent with an object.
 * @throws StatusError 400 where they are no list
 */
export function sentManagedFields(object: JsonRecord): unknown {
  const { managedFields } = isRecord(object.metadata) ? object.metadata : {};
  if (managedFields === undefined || managedFields === null || Array.isArray(managedFields))
    return managedFields;
  throw badRequest('metadata.managedFields must be a list of managed fields entries');
}

/** Puts the managedFields into the object, or takes them away where nobody manages it. */
export function setManagedFields(object: ApiObject, entries: readonly ManagedFieldsEntry[]): void {
  if (entries.length === 0) delete object.metadata.managedFields;
  else object.metadata.managedFields = entries as unknown as NonNullable<ObjectMeta['managedFields']>;
}

function withoutTimes(entries: readonly ManagedFieldsEntry[]): readonly unknown[] {
  return entries.map(({ time: _, ...entry }) => entry);
}

/** Whether the entries are those of before but for their times. */
function differInTimesAlone(
  before: readonly ManagedFieldsEntry[],
  after: readonly ManagedFieldsEntry[],
): boolean {
  if (before.length !== after.length || after.every(({ time }, index) => time === before[index]?.time))
    return false;
  return isDeepStrictEqual(withoutTimes(before), withoutTimes(after));
}

/**
 * Gives an object of which nothing but times in its managedFields changed those times back, so that it needs no write.
 * Source: IgnoreManagedFieldsTimestampsTransformer in k8s.io/apiserver/pkg/endpoints/handlers/fieldmanager/equality.go
 */
export function keepTimesAlone(current: ApiObject, next: ApiObject): void {
  const { managedFields: before = [], resourceVersion: _, ...present } = current.metadata;
  const { managedFields: after = [], ...wanted } = next.metadata;
  const held = before as unknown as readonly ManagedFieldsEntry[];
  if (!differInTimesAlone(held, after as unknown as readonly ManagedFieldsEntry[])) return;
  if (isDeepStrictEqual({ ...current, metadata: present }, { ...next, metadata: wanted }))
    setManagedFields(next, held);
}
