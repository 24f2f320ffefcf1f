import type { StructuralSchema } from '../../../crds/generate/structural-schema.ts';
import { type FieldSet, type FieldSetDraft, isMember, LEAF, SELF } from './field-set.ts';
import { fieldNameOf } from './path-element.ts';
import { fieldType, isNamedField, isUntyped, itemType, UNTYPED } from './value-type.ts';

function childType(type: StructuralSchema, element: string): StructuralSchema | undefined {
  const name = fieldNameOf(element);
  return name === undefined ? itemType(type) : fieldType(type, name);
}

/**
 * The set with the fields that a schema names and that have a member below them: nobody owns them by themselves, and
 * they go when all that is in them goes.
 * Source: EnsureNamedFieldsAreMembers in sigs.k8s.io/structured-merge-diff fieldpath/set.go
 */
export function withNamedFields(set: FieldSet, type: StructuralSchema): FieldSet {
  const result: FieldSetDraft = {};
  for (const element in set) {
    const node = set[element];
    if (node === undefined) continue;
    if (element === SELF || node === LEAF) {
      result[element] = node;
      continue;
    }
    const name = fieldNameOf(element);
    const below = withNamedFields(node, childType(type, element) ?? UNTYPED);
    const isNamed = name !== undefined && isNamedField(type, name);
    result[element] = isNamed && !isMember(below) ? { [SELF]: LEAF, ...below } : below;
  }
  return result;
}

/**
 * The set as it reads under a schema in which lists or maps became atomic since it was written: what was owned in
 * parts is owned as a whole. The same set where nothing changed.
 * Source: sigs.k8s.io/structured-merge-diff typed/reconcile_schema.go
 */
export function reconciledSet(set: FieldSet, type: StructuralSchema): FieldSet {
  if (isUntyped(type)) return set;
  let result: FieldSetDraft | undefined;
  for (const element in set) {
    const node = set[element];
    if (node === undefined || element === SELF || isBareMember(node)) continue;
    const below = childType(type, element);
    if (below === undefined) continue;
    const reconciled = isAtomic(below) ? LEAF : reconciledSet(node, below);
    if (reconciled === node) continue;
    result ??= { ...set };
    result[element] = reconciled;
  }
  return result ?? set;
}

function isBareMember(node: FieldSet): boolean {
  for (const element in node) if (element !== SELF) return false;
  return true;
}

function isAtomic(type: StructuralSchema): boolean {
  if (type.type === 'object') return type['x-kubernetes-map-type'] === 'atomic';
  if (type.type !== 'array') return false;
  const listType = type['x-kubernetes-list-type'];
  return listType !== 'set' && listType !== 'map';
}
