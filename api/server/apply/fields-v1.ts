import { isRecord } from '../../../crds/generate/json-record.ts';
import { NESTING_DEPTH_MAX } from '../schema/nesting.ts';
import { addMember, attach, type FieldSet, type FieldSetDraft, isEmptySet, LEAF, SELF } from './field-set.ts';
import { compareElements, parseElement } from './path-element.ts';

/**
 * Reads FieldsV1 as a client sent it. Elements of unknown kinds are left out.
 * @throws SyntaxError for what is no set of fields
 */
export function parseFieldsV1(value: unknown, depth = 0): FieldSet {
  if (!isRecord(value)) throw new SyntaxError('fieldsV1 must be an object');
  if (depth > NESTING_DEPTH_MAX) throw new SyntaxError('fieldsV1 is nested too deeply');
  const result: FieldSetDraft = {};
  for (const [key, child] of Object.entries(value)) {
    if (key === SELF) {
      if (depth > 0) result[SELF] = LEAF;
      continue;
    }
    const element = parseElement(key);
    if (element === undefined) continue;
    const node = parseFieldsV1(child, depth + 1);
    if (isEmptySet(node)) addMember(result, element);
    else attach(result, element, node);
  }
  return result;
}

/** The same set with its elements in the order in which they are written. */
export function sortedFields(set: FieldSet): FieldSet {
  const result: FieldSetDraft = {};
  if (Object.hasOwn(set, SELF)) result[SELF] = LEAF;
  for (const element of Object.keys(set).sort(compareElements)) {
    if (element !== SELF) result[element] = sortedFields(set[element] ?? LEAF);
  }
  return result;
}
