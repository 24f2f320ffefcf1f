import type { JsonRecord } from '../../../crds/generate/json-record.ts';
import type { StructuralSchema } from '../../../crds/generate/structural-schema.ts';
import { difference, type FieldSet, intersection, isEmptySet, union } from './field-set.ts';
import type { ManagedSet, Managers } from './managers.ts';
import { removeItems } from './remove-items.ts';
import { reconciledSet, withNamedFields } from './schema-sets.ts';
import type { TypeOfVersion } from './take-over.ts';
import { fieldSetOf } from './to-field-set.ts';

/** The managers under the schema of today, see `reconciledSet`. */
export function reconciledManagers(managers: Managers, typeOf: TypeOfVersion): Managers {
  let result: Map<string, ManagedSet> | undefined;
  for (const [name, managed] of managers) {
    const type = typeOf(managed.apiVersion);
    const set = type === undefined ? managed.set : reconciledSet(managed.set, type);
    if (set === managed.set) continue;
    result ??= new Map(managers);
    result.set(name, { ...managed, set });
  }
  return result ?? managers;
}

/**
 * Takes away what the manager applied last time and does not apply any more, unless somebody else owns it.
 * @param last what it owned before; `managers` has what it owns now
 * Source: Updater.prune in sigs.k8s.io/structured-merge-diff merge/update.go
 */
export function pruneApplied(
  merged: JsonRecord,
  managers: Managers,
  last: ManagedSet | undefined,
  typeOf: TypeOfVersion,
): JsonRecord {
  if (last === undefined || isEmptySet(last.set)) return merged;
  const type = typeOf(last.apiVersion);
  if (type === undefined) return merged;
  const pruned = removeItems(merged, withNamedFields(last.set, type), type);
  const owned = addBackOwned(merged, pruned, managers, last.apiVersion, typeOf);
  return addBackDangling(merged, owned, last.set, type);
}

/** What went too far: what other managers own, and what this one still applies. */
function addBackOwned(
  merged: JsonRecord,
  pruned: JsonRecord,
  managers: Managers,
  firstVersion: string,
  typeOf: TypeOfVersion,
): JsonRecord {
  const byVersion = new Map<string, FieldSet>();
  for (const { apiVersion, set } of managers.values()) {
    byVersion.set(apiVersion, union(byVersion.get(apiVersion) ?? {}, set));
  }
  const versions = [...byVersion.keys()].toSorted(
    (a, b) => Number(b === firstVersion) - Number(a === firstVersion),
  );
  let result = pruned;
  for (const version of versions) {
    const type = typeOf(version);
    if (type === undefined) continue;
    const kept = union(namedFieldsOf(result, type), withNamedFields(byVersion.get(version) ?? {}, type));
    result = removeItems(merged, difference(namedFieldsOf(merged, type), kept), type);
  }
  return result;
}

/** What the manager did not own last time is not its to take away, even where it stands in what was taken. */
function addBackDangling(
  merged: JsonRecord,
  pruned: JsonRecord,
  last: FieldSet,
  type: StructuralSchema,
): JsonRecord {
  const gone = difference(namedFieldsOf(merged, type), namedFieldsOf(pruned, type));
  return removeItems(merged, intersection(gone, withNamedFields(last, type)), type);
}

function namedFieldsOf(object: JsonRecord, type: StructuralSchema): FieldSet {
  return withNamedFields(fieldSetOf(object, type), type);
}
