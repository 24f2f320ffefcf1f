import { isRecord, type JsonRecord } from '../../../crds/generate/json-record.ts';
import type { FieldError } from '../schema/structural.ts';
import { invalid, notSupported, required } from './schema-errors.ts';

/*
 * Source: k8s.io/apiextensions-apiserver/pkg/apis/apiextensions/validation/validation.go
 */

const REASONS = ['FieldValueDuplicate', 'FieldValueForbidden', 'FieldValueInvalid', 'FieldValueRequired'];
const TEXTS = ['rule', 'message', 'messageExpression', 'reason', 'fieldPath'] as const;

function hasLineBreak(text: string): boolean {
  return /[\n\r]/.test(text);
}

/** The names that a path such as `.spec['a.b'].c` goes through; undefined for what is no such path. */
function namesOf(path: string): string[] | undefined {
  const names: string[] = [];
  const step = /\.([^.[\]']+)|\['((?:[^'\\]|\\.)*)'\]/y;
  while (step.lastIndex < path.length) {
    const match = step.exec(path);
    if (match === null) return undefined;
    names.push(match[1] ?? (match[2] ?? '').replaceAll(/\\(.)/g, '$1'));
  }
  return names;
}

/** Whether a path leads to a field of the schema, or to an entry. */
function leadsToField(schema: JsonRecord, path: string): boolean {
  let at: unknown = schema;
  for (const name of namesOf(path) ?? ['']) {
    if (!isRecord(at)) return false;
    const { properties, additionalProperties } = at;
    if (isRecord(properties)) at = Object.hasOwn(properties, name) ? properties[name] : undefined;
    else at = additionalProperties;
  }
  return isRecord(at);
}

function messageErrors(rule: string, message: string | undefined, at: string): FieldError[] {
  const told = (message ?? '').trim();
  if (rule.trim() === '') return [required(`${at}.rule`, 'rule is not specified')];
  if (message && told === '')
    return [invalid(`${at}.message`, message, 'message must be non-empty if specified')];
  if (hasLineBreak(told)) return [invalid(`${at}.message`, message, 'message must not contain line breaks')];
  if (hasLineBreak(rule.trim()) && told === '')
    return [required(`${at}.message`, 'message must be specified if rule contains line breaks')];
  return [];
}

function fieldPathErrors(schema: JsonRecord, path: string | undefined, at: string): FieldError[] {
  if (path === undefined || path === '') return [];
  const field = `${at}.fieldPath`;
  const errors: FieldError[] = [];
  if (path.trim() === '') errors.push(invalid(field, path, 'fieldPath must be non-empty if specified'));
  if (hasLineBreak(path)) errors.push(invalid(field, path, 'fieldPath must not contain line breaks'));
  if (!leadsToField(schema, path)) errors.push(invalid(field, path, 'fieldPath must be a valid path'));
  return errors;
}

function ruleErrors(schema: JsonRecord, given: unknown, at: string): FieldError[] {
  if (!isRecord(given)) return [invalid(at, given, 'must be an object with a rule')];
  const wrong = TEXTS.filter((name) => given[name] !== undefined && typeof given[name] !== 'string');
  if (wrong.length > 0) return wrong.map((name) => invalid(`${at}.${name}`, given[name], 'must be a string'));
  const texts = given as Partial<Record<(typeof TEXTS)[number], string>>;
  const { rule = '', message, messageExpression, reason, fieldPath } = texts;
  const { optionalOldSelf } = given;
  return [
    ...messageErrors(rule, message, at),
    ...(messageExpression && messageExpression.trim() === ''
      ? [required(`${at}.messageExpression`, 'messageExpression must be non-empty if specified')]
      : []),
    ...(reason === undefined || REASONS.includes(reason)
      ? []
      : [notSupported(`${at}.reason`, reason, REASONS)]),
    ...fieldPathErrors(schema, fieldPath, at),
    ...(optionalOldSelf === undefined || typeof optionalOldSelf === 'boolean'
      ? []
      : [invalid(`${at}.optionalOldSelf`, optionalOldSelf, 'must be true or false')]),
  ];
}

/** What is wrong with the form of the rules at one level of a schema; their expressions are looked at later. */
export function validateRules(schema: JsonRecord, path: string): FieldError[] {
  const rules = schema['x-kubernetes-validations'];
  if (rules === undefined || rules === null) return [];
  const at = `${path}.x-kubernetes-validations`;
  if (!Array.isArray(rules)) return [invalid(at, rules, 'must be a list of rules')];
  return rules.flatMap((rule: unknown, index) => ruleErrors(schema, rule, `${at}[${index}]`));
}
