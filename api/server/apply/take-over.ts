import type { JsonRecord } from '../../../crds/generate/json-record.ts';
import type { StructuralSchema } from '../../../crds/generate/structural-schema.ts';
import { type Comparison, compare } from './compare.ts';
import { difference, type FieldSet, intersection, intersects, isEmptySet, union } from './field-set.ts';
import { ConflictError, type ManagedSet, type Managers } from './managers.ts';

/** The type of the object in an API version; undefined where that version is no longer served. */
export type TypeOfVersion = (apiVersion: string) => StructuralSchema | undefined;

/** Takes the fields out of a set that the server sets anew and that nobody comes to own. */
export type FieldFilter = (set: FieldSet) => FieldSet;

export interface Change {
  readonly before: JsonRecord;
  readonly after: JsonRecord;
  /** In which the change was asked for. */
  readonly apiVersion: string;
  readonly typeOf: TypeOfVersion;
  readonly filter: FieldFilter;
}

/** What changes, in the terms of each API version in which somebody owns something. */
export function comparisonsOf(change: Change): (apiVersion: string) => Comparison | undefined {
  const known = new Map<string, Comparison | undefined>();
  return (apiVersion) => {
    if (known.has(apiVersion)) return known.get(apiVersion);
    const type = change.typeOf(apiVersion);
    const compared = type && filtered(compare(change.before, change.after, type), change.filter);
    known.set(apiVersion, compared);
    return compared;
  };
}

function filtered({ added, modified, removed }: Comparison, filter: FieldFilter): Comparison {
  return { added: filter(added), modified: filter(modified), removed: filter(removed) };
}

export interface TakeOverOptions {
  readonly comparisonOf: (apiVersion: string) => Comparison | undefined;
  /** Who makes the change and keeps what it has; undefined: everybody loses what changes. */
  readonly manager: string | undefined;
  /** Whether what others own may be changed. */
  readonly force: boolean;
}

/**
 * What the managers still own after a change: what was changed or removed is taken from everybody else, and who owns
 * nothing more, or owns it in a version that is gone, is dropped.
 * @throws ConflictError without `force`, where somebody else owns what changes
 */
export function takeOver(managers: Managers, options: TakeOverOptions): Map<string, ManagedSet> {
  const result = new Map<string, ManagedSet>();
  const conflicts = new Map<string, FieldSet>();
  for (const [name, managed] of managers) {
    if (name === options.manager) {
      if (!isEmptySet(managed.set)) result.set(name, managed);
      continue;
    }
    const comparison = options.comparisonOf(managed.apiVersion);
    if (comparison === undefined) continue;
    const changed = union(comparison.modified, comparison.added);
    const isChanged = intersects(managed.set, changed);
    if (isChanged && !options.force) conflicts.set(name, intersection(managed.set, changed));
    const isRemoved = intersects(managed.set, comparison.removed);
    const kept = isChanged ? difference(managed.set, changed) : managed.set;
    const set = isRemoved ? difference(kept, comparison.removed) : kept;
    if (!isEmptySet(set)) result.set(name, set === managed.set ? managed : { ...managed, set });
  }
  if (conflicts.size > 0) throw new ConflictError(conflicts);
  return result;
}
