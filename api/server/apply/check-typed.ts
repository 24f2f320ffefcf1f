import { isRecord, type JsonRecord } from '../../../crds/generate/json-record.ts';
import type { StructuralSchema } from '../../../crds/generate/structural-schema.ts';
import { fieldElement, formatElement } from './path-element.ts';
import { fieldType, isUntyped, itemElement, itemType } from './value-type.ts';

/**
 * What keeps an applied configuration from being merged: fields that the schema does not declare, values of another
 * type, items of sets and keyed lists that are there twice. Empty where nothing does.
 * Source: sigs.k8s.io/structured-merge-diff typed/validate.go
 */
export function typeErrors(config: JsonRecord, type: StructuralSchema): string[] {
  return checkValue(config, type, '');
}

/** Longest value that is repeated to the client. */
const SHOWN_LENGTH_MAX = 256;

function shownJson(value: unknown): string {
  const text = JSON.stringify(value) ?? '';
  return text.length <= SHOWN_LENGTH_MAX ? text : `${text.slice(0, SHOWN_LENGTH_MAX)}...`;
}

function problem(path: string, what: string): string {
  return path === '' ? what : `${path}: ${what}`;
}

function checkValue(value: unknown, type: StructuralSchema, path: string): string[] {
  if (value === null || isUntyped(type)) return [];
  const wrong = (expected: string) => [problem(path, `expected ${expected}, got ${shownJson(value)}`)];
  if (type['x-kubernetes-int-or-string'] === true) {
    return typeof value === 'object' ? wrong('any scalar') : [];
  }
  switch (type.type) {
    case 'object':
      return isRecord(value) ? checkFields(value, type, path) : wrong('map');
    case 'array':
      return Array.isArray(value) ? checkItems(value, type, path) : wrong('list');
    case 'integer':
    case 'number':
      return typeof value === 'number' ? [] : wrong('numeric (int or float)');
    case 'boolean':
      return typeof value === 'boolean' ? [] : wrong('boolean');
    default:
      return typeof value === 'string' ? [] : wrong('string');
  }
}

function checkFields(value: JsonRecord, type: StructuralSchema, path: string): string[] {
  return Object.entries(value).flatMap(([name, child]) => {
    const childPath = `${path}${formatElement(fieldElement(name))}`;
    const childType = fieldType(type, name);
    if (childType === undefined) return [problem(childPath, 'field not declared in schema')];
    return checkValue(child, childType, childPath);
  });
}

function checkItems(items: readonly unknown[], type: StructuralSchema, path: string): string[] {
  const listType = type['x-kubernetes-list-type'];
  const isAssociative = listType === 'set' || listType === 'map';
  const seen = new Set<string>();
  return items.flatMap((item, index) => {
    if (!isAssociative) return checkValue(item, itemType(type), `${path}[${index}]`);
    let element: string;
    try {
      element = itemElement(type, item);
    } catch (error) {
      return [problem(path, `element ${index}: ${error instanceof Error ? error.message : String(error)}`)];
    }
    const shown = formatElement(element);
    const duplicate = seen.has(element) ? [problem(path, `duplicate entries for key ${shown}`)] : [];
    seen.add(element);
    return [...duplicate, ...checkValue(item, itemType(type), `${path}${shown}`)];
  });
}
