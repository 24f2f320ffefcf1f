import { isDeepStrictEqual } from 'node:util';
import { isRecord, type JsonRecord } from '../../../crds/generate/json-record.ts';
import { badRequest } from '../http/errors.ts';
import { setField } from './merge-patch.ts';

/**
 * Lists of the built-in kinds that merge by a key; lists that are not named merge as a whole.
 * Source: the patchMergeKey tags in k8s.io/api and apimachinery types.go
 */
const MERGE_KEYS: Readonly<Record<string, string>> = {
  'metadata.ownerReferences': 'uid',
  // ServiceAccount; its imagePullSecrets are atomic, and so are the rules and subjects of RBAC.
  secrets: 'name',
  // Service.
  'spec.ports': 'port',
  'status.conditions': 'type',
  'status.addresses': 'type',
};
/** Lists of scalars that merge as sets. */
const SETS: ReadonlySet<string> = new Set(['metadata.finalizers']);

const DELETE_FROM = '$deleteFromPrimitiveList/';
const ORDER = '$setElementOrder/';
const RETAIN = '$retainKeys';

function mergeKeyed(
  current: readonly unknown[],
  patch: readonly unknown[],
  key: string,
  path: string,
): unknown[] {
  const hasReplace = patch.some((item) => isRecord(item) && item.$patch === 'replace');
  let result = hasReplace ? [] : [...current];
  for (const item of patch) {
    if (!isRecord(item)) throw badRequest(`strategic merge patch: ${path}: list elements must be objects`);
    const { $patch, ...fields } = item;
    if ($patch === 'replace' && Object.keys(fields).length === 0) continue;
    if (fields[key] === undefined)
      throw badRequest(`strategic merge patch: ${path}: merge key ${key} is missing`);
    const isSame = (other: unknown) => isRecord(other) && other[key] === fields[key];
    if ($patch === 'delete') {
      result = result.filter((other) => !isSame(other));
      continue;
    }
    const at = result.findIndex(isSame);
    const merged = mergeRecord(at === -1 ? {} : result[at], fields, path);
    if (at === -1) result.push(merged);
    else result[at] = merged;
  }
  return result;
}

function mergeList(current: unknown, patch: readonly unknown[], path: string): unknown[] {
  const existing = Array.isArray(current) ? current : [];
  const key = MERGE_KEYS[path];
  if (key !== undefined) return mergeKeyed(existing, patch, key, path);
  if (!SETS.has(path)) return [...patch];
  return [...existing, ...patch.filter((item) => !existing.some((other) => isDeepStrictEqual(other, item)))];
}

function applyDirective(result: JsonRecord, field: string, value: unknown): void {
  if (field.startsWith(DELETE_FROM)) {
    const list = field.slice(DELETE_FROM.length);
    const current = result[list];
    if (Array.isArray(current) && Array.isArray(value))
      setField(
        result,
        list,
        current.filter((item) => !value.includes(item)),
      );
  } else if (field === RETAIN && Array.isArray(value)) {
    for (const name of Object.keys(result)) if (!value.includes(name)) delete result[name];
  }
}

function mergeRecord(current: unknown, patch: JsonRecord, path: string): JsonRecord {
  const { $patch, ...fields } = patch;
  if ($patch === 'delete') return {};
  const result: JsonRecord = $patch === 'replace' || !isRecord(current) ? {} : { ...current };
  for (const [field, value] of Object.entries(fields)) {
    if (field.startsWith('$')) continue;
    const fieldPath = path === '' ? field : `${path}.${field}`;
    if (value === null) delete result[field];
    else if (Array.isArray(value)) setField(result, field, mergeList(result[field], value, fieldPath));
    else if (isRecord(value)) setField(result, field, mergeRecord(result[field], value, fieldPath));
    else setField(result, field, value);
  }
  // After the fields: a list may be added to and deleted from in one patch. Orders only sort; they are left out.
  for (const [field, value] of Object.entries(fields))
    if (!field.startsWith(ORDER)) applyDirective(result, field, value);
  return result;
}

/**
 * Kubernetes' strategic merge patch for the built-in kinds; neither argument is changed.
 * @throws StatusError 400 for a keyed list element without its key
 */
export function strategicMergePatch(target: JsonRecord, patch: JsonRecord): JsonRecord {
  return mergeRecord(target, patch, '');
}
