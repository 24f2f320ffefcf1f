/**
 * A set of fields in the very form of FieldsV1, so that what is stored needs no decoding: each key is a path element
 * (see path-element.ts), `{}` a field that is a member, `'.'` beside other keys says that the field is a member as
 * well as some of its children. The root is no field: `{}` there is the empty set. Sets are never changed in place.
 * Source: sigs.k8s.io/structured-merge-diff fieldpath/serialize.go
 */
export interface FieldSet {
  readonly [element: string]: FieldSet;
}

/** A set that is being built. */
export type FieldSetDraft = Record<string, FieldSet>;

/** A member without children; as a root the empty set. */
export const LEAF: FieldSet = Object.freeze({});

/** Marks a field with children as a member itself. */
export const SELF = '.';

/** Whether the set has no member. */
export function isEmptySet(set: FieldSet): boolean {
  for (const _ in set) return false;
  return true;
}

/** Whether a field with this node is itself a member. */
export function isMember(node: FieldSet | undefined): boolean {
  return node !== undefined && (Object.hasOwn(node, SELF) || isEmptySet(node));
}

/** Puts a child's members, as they stand in a draft, below `element`; nothing where there are none. */
export function attach(draft: FieldSetDraft, element: string, child: FieldSet): void {
  if (isEmptySet(child)) return;
  const node = isOnlySelf(child) ? LEAF : child;
  const present = draft[element];
  draft[element] = present === undefined ? node : unionNodes(present, node);
}

/** Makes `element` a member. */
export function addMember(draft: FieldSetDraft, element: string): void {
  const present = draft[element];
  draft[element] = present === undefined ? LEAF : unionNodes(present, LEAF);
}

function isOnlySelf(node: FieldSet): boolean {
  for (const element in node) if (element !== SELF) return false;
  return !isEmptySet(node);
}

/** A node of these children, or nothing where it would neither be a member nor have one below it. */
function nodeOf(member: boolean, children: FieldSetDraft): FieldSet | undefined {
  if (isEmptySet(children)) return member ? LEAF : undefined;
  return member ? { [SELF]: LEAF, ...children } : children;
}

function unionNodes(a: FieldSet, b: FieldSet): FieldSet {
  if (a === b) return a;
  const children: FieldSetDraft = {};
  mergeInto(children, a);
  mergeInto(children, b);
  return nodeOf(isMember(a) || isMember(b), children) ?? LEAF;
}

function mergeInto(children: FieldSetDraft, node: FieldSet): void {
  for (const element in node) {
    if (element === SELF) continue;
    const child = node[element] ?? LEAF;
    const present = children[element];
    children[element] = present === undefined ? child : unionNodes(present, child);
  }
}

/** What is in either. */
export function union(a: FieldSet, b: FieldSet): FieldSet {
  if (isEmptySet(a)) return b;
  if (isEmptySet(b)) return a;
  const result: FieldSetDraft = {};
  mergeInto(result, a);
  mergeInto(result, b);
  return result;
}

function intersectChildren(a: FieldSet, b: FieldSet): FieldSetDraft {
  const result: FieldSetDraft = {};
  for (const element in a) {
    const [inA, inB] = [a[element], b[element]];
    if (element === SELF || inA === undefined || inB === undefined) continue;
    const node = nodeOf(isMember(inA) && isMember(inB), intersectChildren(inA, inB));
    if (node !== undefined) result[element] = node;
  }
  return result;
}

/** What is in both. */
export function intersection(a: FieldSet, b: FieldSet): FieldSet {
  return intersectChildren(a, b);
}

/** What is in `a` and not in `b`; a parent in `b` takes nothing away from its children in `a`. */
export function difference(a: FieldSet, b: FieldSet): FieldSet {
  return isEmptySet(b) ? a : subtractChildren(a, b, false);
}

/** As `difference`, but a field in `b` takes everything below it away too. */
export function recursiveDifference(a: FieldSet, b: FieldSet): FieldSet {
  return isEmptySet(b) ? a : subtractChildren(a, b, true);
}

function subtractChildren(a: FieldSet, b: FieldSet, recursive: boolean): FieldSetDraft {
  const result: FieldSetDraft = {};
  for (const element in a) {
    const [inA, inB] = [a[element], b[element]];
    if (element === SELF || inA === undefined) continue;
    if (inB === undefined) {
      result[element] = inA;
      continue;
    }
    if (recursive && isMember(inB)) continue;
    const node = nodeOf(isMember(inA) && !isMember(inB), subtractChildren(inA, inB, recursive));
    if (node !== undefined) result[element] = node;
  }
  return result;
}

/** Whether some field is in both; cheaper than the intersection itself. */
export function intersects(a: FieldSet, b: FieldSet): boolean {
  for (const element in a) {
    const [inA, inB] = [a[element], b[element]];
    if (element === SELF || inA === undefined || inB === undefined) continue;
    if ((isMember(inA) && isMember(inB)) || intersects(inA, inB)) return true;
  }
  return false;
}

/** Whether every field of `a` is in `b`. */
export function isSubset(a: FieldSet, b: FieldSet): boolean {
  for (const element in a) {
    const [inA, inB] = [a[element], b[element]];
    if (element === SELF || inA === undefined) continue;
    if (inB === undefined || (isMember(inA) && !isMember(inB)) || !isSubset(inA, inB)) return false;
  }
  return true;
}

/** The same members. */
export function equalSets(a: FieldSet, b: FieldSet): boolean {
  return a === b || (isSubset(a, b) && isSubset(b, a));
}

/** The paths of all members, parents first. */
export function pathsOf(set: FieldSet, prefix: readonly string[] = []): string[][] {
  return Object.entries(set).flatMap(([element, node]) => {
    if (element === SELF) return [];
    const path = [...prefix, element];
    return [...(isMember(node) ? [path] : []), ...pathsOf(node, path)];
  });
}

/** The set of these paths, each a list of path elements. */
export function setOf(paths: readonly (readonly string[])[]): FieldSet {
  let result: FieldSet = {};
  for (const path of paths) {
    const chain = path.toReversed().reduce((node: FieldSet, element) => ({ [element]: node }), LEAF);
    result = union(result, chain);
  }
  return result;
}
