import { isRecord } from '../../../crds/generate/json-record.ts';
import type { StructuralSchema } from '../../../crds/generate/structural-schema.ts';

/**
 * Sets the defaults of absent fields in place, as Kubernetes does: only where the parent is there or is itself
 * defaulted, and inside what was defaulted too. `value` must be the caller's own copy.
 */
export function applyDefaults(value: unknown, schema: StructuralSchema): void {
  if (Array.isArray(value)) {
    const { items } = schema;
    if (items !== undefined) for (const element of value) applyDefaults(element, items);
    return;
  }
  if (!isRecord(value)) return;
  for (const [name, child] of Object.entries(schema.properties ?? {})) {
    if (!Object.hasOwn(value, name) && child.default !== undefined)
      value[name] = structuredClone(child.default);
    if (Object.hasOwn(value, name)) applyDefaults(value[name], child);
  }
  if (schema.additionalProperties === undefined) return;
  for (const [name, child] of Object.entries(value)) {
    if (!Object.hasOwn(schema.properties ?? {}, name)) applyDefaults(child, schema.additionalProperties);
  }
}
