import type { JsonRecord } from '../../../crds/generate/json-record.ts';
import type { StructuralSchema } from '../../../crds/generate/structural-schema.ts';
import type { ManagedSet, Managers } from './managers.ts';
import { merge } from './merge.ts';
import { pruneApplied, reconciledManagers } from './prune-applied.ts';
import { comparisonsOf, type FieldFilter, type TypeOfVersion, takeOver } from './take-over.ts';
import { fieldSetOf } from './to-field-set.ts';

export interface ApplyFieldsOptions {
  /** `{}` where there is no object yet. */
  readonly live: JsonRecord;
  /** What is applied; checked against the type. */
  readonly config: JsonRecord;
  readonly type: StructuralSchema;
  readonly apiVersion: string;
  readonly managers: Managers;
  readonly manager: string;
  readonly force: boolean;
  readonly typeOf: TypeOfVersion;
  readonly filter: FieldFilter;
}

/**
 * Merges an applied configuration into an object and finds who owns what then.
 * @throws ConflictError where it changes what others own, without `force`
 * Source: Updater.Apply in sigs.k8s.io/structured-merge-diff merge/update.go
 */
export function applyFields(options: ApplyFieldsOptions): { object: JsonRecord; managers: Managers } {
  const { live, config, type, apiVersion, manager, typeOf, filter } = options;
  const known = reconciledManagers(options.managers, typeOf);
  const applied: ManagedSet = { set: filter(fieldSetOf(config, type)), apiVersion, applied: true };
  const managers = new Map(known).set(manager, applied);
  const merged = merge(live, config, type);
  const object = pruneApplied(merged, managers, known.get(manager), typeOf);
  const comparisonOf = comparisonsOf({ before: live, after: object, apiVersion, typeOf, filter });
  return { object, managers: takeOver(managers, { comparisonOf, manager, force: options.force }) };
}
