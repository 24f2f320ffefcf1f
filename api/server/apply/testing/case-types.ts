import type { StructuralSchema } from '../../../../crds/generate/structural-schema.ts';

/*
 * The types of the cases, as upstream's merge tests have them.
 */

const text: StructuralSchema = { type: 'string' };
const number: StructuralSchema = { type: 'number' };
const set = (items: StructuralSchema): StructuralSchema => {
  return { type: 'array', items, 'x-kubernetes-list-type': 'set' };
};
const keyed = (keys: string[], properties: Record<string, StructuralSchema>): StructuralSchema => {
  return {
    type: 'array',
    items: struct(properties),
    'x-kubernetes-list-type': 'map',
    'x-kubernetes-list-map-keys': keys,
  };
};
const struct = (properties: Record<string, StructuralSchema>): StructuralSchema => {
  return { type: 'object', properties };
};
const mapOf = (additionalProperties: StructuralSchema): StructuralSchema => {
  return { type: 'object', additionalProperties };
};

const recursive: StructuralSchema = { type: 'object' };
recursive.additionalProperties = recursive;

export const SETS = struct({ list: set(text) });
export const LEAVES = struct({ numeric: number, string: text, bool: { type: 'boolean' } });
export const KEYED = struct({ list: keyed(['name'], { name: text, value: number }) });
export const NESTED = struct({
  listOfLists: keyed(['name'], { name: text, value: set(text) }),
  listOfMaps: keyed(['name'], { name: text, value: mapOf(text) }),
  mapOfLists: mapOf(set(text)),
  mapOfMaps: mapOf(mapOf(text)),
  mapOfMapsRecursive: recursive,
  struct: struct({ name: text, value: number }),
});
export const OPEN: StructuralSchema = {
  ...struct({ num: number }),
  'x-kubernetes-preserve-unknown-fields': true,
};
export const DEDUCED: StructuralSchema = { 'x-kubernetes-preserve-unknown-fields': true };
export const STRUCTS = struct({
  struct: struct({ name: text, scalar: text, complex: struct({ name: text }) }),
});
export const ATOMIC_MAP = struct({
  atomicMap: { ...struct({ field1: text, field2: text }), 'x-kubernetes-map-type': 'atomic' },
});
export const PORTS = struct({
  containerPorts: keyed(['port', 'protocol'], {
    port: number,
    protocol: { type: 'string', default: 'TCP' },
    name: text,
  }),
});
export const REPEATED = struct({
  list: keyed(['name'], { name: text, value1: number, value2: number }),
  unrelated: number,
  set: set(number),
});
