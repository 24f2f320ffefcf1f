import { isDeepStrictEqual } from 'node:util';
import { isRecord, type JsonRecord } from '../../../crds/generate/json-record.ts';
import type { StructuralSchema } from '../../../crds/generate/structural-schema.ts';
import type { ApiObject } from '../../../crds/meta/meta.ts';
import { applyConflict } from './apply-conflict.ts';
import { applyFields } from './apply-fields.ts';
import { capManagers } from './cap-managers.ts';
import { applyOverLastApplied, withLastApplied } from './last-applied.ts';
import {
  decodeSent,
  decodeStored,
  encodeManaged,
  type ManagedFieldsEntry,
  type ManagedState,
  managerId,
  NOTHING_MANAGED,
} from './managed-entries.ts';
import { ConflictError } from './managers.ts';
import type { FieldFilter, TypeOfVersion } from './take-over.ts';
import { updateFields } from './update-fields.ts';

/** Who writes, by which way, and what the object is made of. */
export interface FieldWriter {
  readonly manager: string;
  readonly subresource: string;
  readonly apiVersion: string;
  /** Of the resource as it is written. */
  readonly type: StructuralSchema;
  readonly typeOf: TypeOfVersion;
  readonly filter: FieldFilter;
  /** metav1.Time of the write. */
  readonly now: string;
}

/** Manager of what was there before anybody applied to an object whose fields nobody managed. */
const BEFORE_FIRST_APPLY = 'before-first-apply';

/** The managedFields of a stored object. */
function storedEntries(object: ApiObject | undefined): readonly ManagedFieldsEntry[] {
  return (object?.metadata.managedFields ?? []) as unknown as readonly ManagedFieldsEntry[];
}

/** Without what no manager has a say in. */
function plainObject(object: ApiObject): JsonRecord {
  const { managedFields: _, resourceVersion: __, ...metadata } = object.metadata;
  return { ...object, metadata };
}

function isReset(sent: unknown): boolean {
  if (!Array.isArray(sent)) return false;
  return sent.length === 0 || (sent.length === 1 && isRecord(sent[0]) && Object.keys(sent[0]).length === 0);
}

/** The state that a write begins with: what the client sent where that is sound, else what is stored. */
function initialState(writer: FieldWriter, live: ApiObject | undefined, sent: unknown): ManagedState {
  const stored = storedEntries(live);
  if (writer.subresource !== '' || sent === undefined || sent === null || sent === stored)
    return decodeStored(stored);
  if (isReset(sent)) return NOTHING_MANAGED;
  if (isDeepStrictEqual(sent, stored)) return decodeStored(stored);
  return decodeSent(sent) ?? decodeStored(stored);
}

function updaterId({ manager, apiVersion, subresource }: FieldWriter): string {
  return managerId({ manager, operation: 'Update', apiVersion, subresource });
}

/**
 * The managedFields after a create, an update or a patch.
 * @param live the stored object; undefined for a create
 * @param next the object as it will be, without managedFields
 * @param sent the managedFields in the request
 * Source: k8s.io/apimachinery/pkg/util/managedfields/internal/fieldmanager.go
 */
export function managedAfterUpdate(
  writer: FieldWriter,
  live: ApiObject | undefined,
  next: ApiObject,
  sent: unknown,
): readonly ManagedFieldsEntry[] {
  const state = initialState(writer, live, sent);
  // An object that nobody manages stays so until somebody applies to it.
  if (state.managers.size === 0 && live !== undefined) return [];
  const { typeOf, filter, apiVersion } = writer;
  const change = {
    before: live === undefined ? {} : plainObject(live),
    after: plainObject(next),
    apiVersion,
    typeOf,
    filter,
  };
  const id = updaterId(writer);
  const { managers: updated, acted } = updateFields(state.managers, change, id);
  if (updated === state.managers) {
    const stored = storedEntries(live);
    return stored.length === state.origins.size &&
      [...state.origins.values()].every(({ entry }, index) => entry === stored[index])
      ? stored
      : encodeManaged(updated, state.origins, new Map());
  }
  const times = new Map(acted ? [[id, writer.now]] : []);
  const timeOf = (manager: string) => times.get(manager) ?? state.origins.get(manager)?.time ?? '';
  const capped = capManagers(updated, timeOf);
  return encodeManaged(capped.managers, state.origins, new Map([...times, ...capped.times]));
}

export interface AppliedObject {
  /** Merged, without managedFields. */
  readonly object: JsonRecord;
  /** The managedFields, once it is known what the object became. */
  readonly entriesFor: (next: ApiObject) => readonly ManagedFieldsEntry[];
}

/**
 * Server-side apply: merges `config` into the object.
 * @param live the stored object; undefined where there is none yet
 * @throws StatusError 409 where others own what it changes, without `force`
 */
export function applyConfig(
  writer: FieldWriter,
  live: ApiObject | undefined,
  config: JsonRecord,
  force: boolean,
): AppliedObject {
  const { manager, apiVersion, subresource, type, typeOf, filter, now } = writer;
  const before = live === undefined ? {} : plainObject(live);
  const state = stateBeforeApply(writer, live);
  const id = managerId({ manager, operation: 'Apply', apiVersion, subresource });
  const options = {
    live: before,
    config,
    type,
    apiVersion,
    managers: state.managers,
    manager: id,
    typeOf,
    filter,
  };
  const run = (forced: boolean) => applyFields({ ...options, force: forced || force });
  try {
    const { object, managers } = applyOverLastApplied(manager, before, type, run);
    return {
      object: withLastApplied(object, config, manager),
      entriesFor: (next) => {
        const unchanged = encodeManaged(managers, state.origins, new Map());
        const isSame =
          live !== undefined &&
          isDeepStrictEqual(unchanged, storedEntries(live)) &&
          isDeepStrictEqual(before, plainObject(next));
        return isSame ? storedEntries(live) : encodeManaged(managers, state.origins, new Map([[id, now]]));
      },
    };
  } catch (error) {
    throw error instanceof ConflictError ? applyConflict(error) : error;
  }
}

function stateBeforeApply(writer: FieldWriter, live: ApiObject | undefined): ManagedState {
  const stored = storedEntries(live);
  if (live === undefined || stored.length > 0) return decodeStored(stored);
  const { typeOf, filter, apiVersion } = writer;
  const first = { ...writer, manager: BEFORE_FIRST_APPLY };
  const change = { before: {}, after: plainObject(live), apiVersion, typeOf, filter };
  const id = updaterId(first);
  const { managers } = updateFields(new Map(), change, id);
  return decodeStored(encodeManaged(managers, new Map(), new Map([[id, writer.now]])));
}
