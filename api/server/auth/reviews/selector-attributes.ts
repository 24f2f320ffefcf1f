import { isRecord, type JsonRecord } from '../../../../crds/generate/json-record.ts';
import { type FieldRequirement, parseFieldTerms } from '../../selectors/field-selector.ts';
import { parseLabelSelector } from '../../selectors/label-selector.ts';
import { fieldRequirementFault, labelRequirementFault, type SelectorFault } from './requirement-fault.ts';

/** The selectors of a review's resourceAttributes, as far as they can be understood. */
export interface ReviewedSelectors {
  readonly fieldSelector: readonly FieldRequirement[];
  /** What was left out, for `status.evaluationError`: without it less is asked for, never more is allowed. */
  readonly errors: readonly string[];
}

function textOf(value: unknown): string {
  return typeof value === 'string' ? value : '';
}

function requirementsOf(selector: JsonRecord): readonly JsonRecord[] {
  return Array.isArray(selector.requirements) ? selector.requirements.filter(isRecord) : [];
}

/** Undefined: a requirement that field selectors do not know. */
function fieldRequirement({ key, operator, values }: JsonRecord): FieldRequirement | undefined {
  const [value, ...more] = Array.isArray(values) ? values : [];
  if (typeof value !== 'string' || more.length > 0) return undefined;
  if (operator !== 'In' && operator !== 'NotIn') return undefined;
  return { path: textOf(key), equals: operator === 'In', value };
}

function ignored(name: string, isPartly: boolean): string {
  return `spec.resourceAttributes.${name} ${isPartly ? 'partially ' : ''}ignored due to parse error`;
}

function isParsed(parse: () => unknown): boolean {
  try {
    parse();
    return true;
  } catch {
    return false;
  }
}

/** By their form alone: nobody here decides by labels, so that they only have to be readable. */
function labelErrors(selector: unknown): string[] {
  if (!isRecord(selector)) return [];
  const raw = textOf(selector.rawSelector);
  if (raw !== '' && !isParsed(() => parseLabelSelector(raw))) return [ignored('labelSelector', false)];
  const requirements = requirementsOf(selector);
  const known = requirements.filter(({ operator }) =>
    ['In', 'NotIn', 'Exists', 'DoesNotExist'].includes(textOf(operator)),
  );
  return known.length === requirements.length ? [] : [ignored('labelSelector', known.length > 0)];
}

/**
 * The selectors that a review asks about.
 * Source: k8s.io/kubernetes/pkg/registry/authorization/util/helpers.go
 */
export function reviewedSelectors(asked: JsonRecord): ReviewedSelectors {
  const errors = labelErrors(asked.labelSelector);
  const { fieldSelector } = asked;
  if (!isRecord(fieldSelector)) return { fieldSelector: [], errors };
  const raw = textOf(fieldSelector.rawSelector);
  if (raw !== '') {
    return isParsed(() => parseFieldTerms(raw))
      ? { fieldSelector: parseFieldTerms(raw), errors }
      : { fieldSelector: [], errors: [ignored('fieldSelector', false), ...errors] };
  }
  const asWritten = requirementsOf(fieldSelector);
  const known = asWritten.flatMap((requirement) => fieldRequirement(requirement) ?? []);
  const isWhole = known.length === asWritten.length;
  return {
    fieldSelector: known,
    errors: isWhole ? errors : [ignored('fieldSelector', known.length > 0), ...errors],
  };
}

function formFault(selector: JsonRecord, path: string): SelectorFault | undefined {
  const raw = textOf(selector.rawSelector);
  const requirements = requirementsOf(selector);
  if (raw !== '' && requirements.length > 0) {
    const message = `Invalid value: ${JSON.stringify(raw)}: may not specified at the same time as requirements`;
    return { field: `${path}.rawSelector`, type: 'FieldValueInvalid', message };
  }
  if (raw === '' && requirements.length === 0) {
    const message = `Required value: when ${path} is specified, requirements or rawSelector is required`;
    return { field: `${path}.requirements`, type: 'FieldValueRequired', message };
  }
  return undefined;
}

/**
 * The first thing that is wrong with the form of a selector.
 * Source: k8s.io/kubernetes/pkg/apis/authorization/validation/validation.go
 */
export function selectorFault(asked: JsonRecord): SelectorFault | undefined {
  const judges = { fieldSelector: fieldRequirementFault, labelSelector: labelRequirementFault };
  for (const [name, judge] of Object.entries(judges)) {
    const selector = asked[name];
    if (!isRecord(selector)) continue;
    const path = `spec.resourceAttributes.${name}`;
    const fault = formFault(selector, path);
    if (fault !== undefined) return fault;
    for (const [index, requirement] of requirementsOf(selector).entries()) {
      const wrong = judge(requirement, `${path}.requirements[${index}]`);
      if (wrong !== undefined) return wrong;
    }
  }
  return undefined;
}
