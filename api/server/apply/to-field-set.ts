import { isRecord } from '../../../crds/generate/json-record.ts';
import type { StructuralSchema } from '../../../crds/generate/structural-schema.ts';
import { addMember, attach, type FieldSet, type FieldSetDraft, LEAF, SELF } from './field-set.ts';
import { fieldElement } from './path-element.ts';
import { fieldType, isNamedField, itemElementOrNone, itemType, shapeOf, UNTYPED } from './value-type.ts';

/** All fields that a value has. Source: sigs.k8s.io/structured-merge-diff typed/tofieldset.go */
export function fieldSetOf(value: unknown, type: StructuralSchema): FieldSet {
  const draft: FieldSetDraft = {};
  addChildren(value, type, draft);
  return draft;
}

/** Adds what is below `value`; returns whether it has to be a member as a whole. */
function addChildren(value: unknown, type: StructuralSchema, draft: FieldSetDraft): boolean {
  switch (shapeOf(type, value)) {
    case 'leaf':
      return true;
    case 'list':
      if (Array.isArray(value)) addItems(value, type, draft);
      return false;
    case 'map':
      if (isRecord(value)) addFields(value, type, draft);
      return false;
  }
}

function addChild(
  draft: FieldSetDraft,
  element: string,
  value: unknown,
  type: StructuralSchema,
  isOwn: boolean,
) {
  const child: FieldSetDraft = {};
  const isLeaf = addChildren(value, type, child);
  if (isLeaf || isOwn) child[SELF] = LEAF;
  attach(draft, element, child);
}

function addFields(value: object, type: StructuralSchema, draft: FieldSetDraft): void {
  for (const [name, child] of Object.entries(value)) {
    if (child === undefined) continue;
    const isBare = child === null || (isRecord(child) && Object.keys(child).length === 0);
    const isOwn = isBare || !isNamedField(type, name);
    addChild(draft, fieldElement(name), child, fieldType(type, name) ?? UNTYPED, isOwn);
  }
}

function addItems(items: readonly unknown[], type: StructuralSchema, draft: FieldSetDraft): void {
  const elements = items.map((item) => itemElementOrNone(type, item));
  const seen = new Set<string>();
  const repeated = new Set<string>();
  for (const element of elements) {
    if (element === undefined) continue;
    if (seen.has(element)) repeated.add(element);
    seen.add(element);
  }
  elements.forEach((element, index) => {
    if (element === undefined) return;
    // What stands there more than once is owned as a whole: its parts could not be told apart.
    if (repeated.has(element)) addMember(draft, element);
    else addChild(draft, element, items[index], itemType(type), true);
  });
}
