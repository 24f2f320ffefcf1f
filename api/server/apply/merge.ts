import { isRecord, type JsonRecord } from '../../../crds/generate/json-record.ts';
import type { StructuralSchema } from '../../../crds/generate/structural-schema.ts';
import { setField } from '../schema/prune.ts';
import { mergeItems } from './merge-items.ts';
import { fieldOf, fieldType, shapeOf, UNTYPED } from './value-type.ts';

/**
 * `config` put over `live`: what it names replaces, maps and keyed lists merge, nothing is taken away. Neither is changed.
 * Source: sigs.k8s.io/structured-merge-diff typed/merge.go
 */
export function merge(live: JsonRecord, config: JsonRecord, type: StructuralSchema): JsonRecord {
  return mergeFields(live, config, type) ?? {};
}

/** Undefined where nothing comes of it. Either value may be missing. */
function mergeValue(live: unknown, config: unknown, type: StructuralSchema): unknown {
  if (config === undefined) return live;
  const shape = shapeOf(type, config);
  if (shape === 'list') {
    const [from, over] = [listOf(live), listOf(config)];
    if (from.length === 0 && over.length === 0) return config;
    return mergeItems(from, over, type, mergeValue);
  }
  if (shape === 'map') {
    const [from, over] = [mapOf(live), mapOf(config)];
    if (Object.keys(from).length === 0 && Object.keys(over).length === 0) return config;
    return mergeFields(from, over, type);
  }
  return config;
}

function mapOf(value: unknown): JsonRecord {
  return isRecord(value) ? value : {};
}

function listOf(value: unknown): readonly unknown[] {
  return Array.isArray(value) ? value : [];
}

function mergeFields(live: JsonRecord, config: JsonRecord, type: StructuralSchema): JsonRecord | undefined {
  const result: JsonRecord = {};
  for (const name of new Set([...Object.keys(live), ...Object.keys(config)])) {
    const childType = fieldType(type, name) ?? UNTYPED;
    const merged = mergeValue(fieldOf(live, name), fieldOf(config, name), childType);
    if (merged !== undefined) setField(result, name, merged);
  }
  return Object.keys(result).length === 0 ? undefined : result;
}
