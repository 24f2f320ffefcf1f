import { isRecord, type JsonRecord } from '../../../crds/generate/json-record.ts';

/** RFC 7396: `null` removes, objects merge, everything else replaces. Neither argument is changed. */
export function mergePatch(target: unknown, patch: unknown): unknown {
  if (!isRecord(patch)) return patch;
  const result: JsonRecord = isRecord(target) ? { ...target } : {};
  for (const [field, value] of Object.entries(patch)) {
    if (value === null) delete result[field];
    else setField(result, field, mergePatch(result[field], value));
  }
  return result;
}

/** Plain assignment to `__proto__` would change the prototype instead of making a field. */
export function setField(record: JsonRecord, field: string, value: unknown): void {
  Object.defineProperty(record, field, { value, enumerable: true, writable: true, configurable: true });
}
