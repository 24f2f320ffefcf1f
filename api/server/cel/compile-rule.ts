import { type Environment, Optional, type ParseResult } from '@marcbachmann/cel-js';
import type { StructuralSchema, ValidationRule } from '../../../crds/generate/structural-schema.ts';
import type { FieldError } from '../schema/field-error.ts';
import { CostError, CostMeter, meterTree, nodesOf } from './cost.ts';
import { issueText, summaryOf } from './issue.ts';
import { createEnvironment } from './library.ts';
import { type CelType, celTypeOf } from './schema-types.ts';

/** One rule at its place in a schema, ready to be asked. */
export interface CompiledRule {
  /** Its place among the rules of its level. */
  readonly index: number;
  /** Whether it compares with an old value, so that there is nothing to ask where there is none. */
  readonly isTransition: boolean;
  /** Whether it names the old value at all. */
  readonly usesOld: boolean;
  /** @returns what is wrong, and what asking has cost */
  ask(values: RuleValues, path: string): { error?: FieldError; cost: number };
}

export interface RuleValues {
  readonly self: unknown;
  readonly old: { readonly value: unknown } | undefined;
}

const REASONS = [
  'FieldValueInvalid',
  'FieldValueForbidden',
  'FieldValueRequired',
  'FieldValueDuplicate',
] as const;

/** An expression of a rule that cannot be used. */
class RuleError extends Error {
  override readonly name = 'RuleError';
  /** Of the rule: `rule` or `messageExpression`. */
  readonly field: string;

  constructor(field: string, message: string) {
    super(message);
    this.field = field;
  }
}

/** All the rules of one level of a schema; what does not compile is told to `onError`. */
export function compileLevel(
  schema: StructuralSchema,
  onError: (index: number, field: string, detail: string) => void,
): CompiledRule[] {
  const environment = createEnvironment();
  const type = celTypeOf(environment, schema);
  return (schema['x-kubernetes-validations'] ?? []).flatMap((rule, index) => {
    try {
      return [{ index, ...compileRule(rule, { environment, type, schema }) }];
    } catch (error) {
      if (!(error instanceof RuleError)) throw error;
      onError(index, error.field, error.message);
      return [];
    }
  });
}

interface Level {
  readonly environment: Environment;
  readonly type: CelType;
  readonly schema: StructuralSchema;
}

/** @throws RuleError for what does not parse or fit its types; in upstream's words */
function checked(environment: Environment, text: string, field: string): ParseResult {
  try {
    const parsed = environment.parse(text);
    const { valid, error } = parsed.check();
    if (!valid) throw error ?? new Error('invalid expression');
    return parsed;
  } catch (error) {
    const what = field === 'rule' ? '' : `${field} `;
    throw new RuleError(field, `${what}compilation failed: ${issueText(error, text)}`);
  }
}

/** @throws RuleError for what does not compile or is not of type `wanted` */
function compile(environment: Environment, text: string, field: string, wanted: string): ParseResult {
  const parsed = checked(environment, text, field);
  const { type } = parsed.check();
  if (type === wanted || type === 'dyn') return parsed;
  const what = field === 'rule' ? 'cel expression' : field;
  throw new RuleError(field, `${what} must evaluate to a ${wanted}`);
}

function compileRule(
  rule: ValidationRule,
  { environment: base, type, schema }: Level,
): Omit<CompiledRule, 'index'> {
  const isOptional = rule.optionalOldSelf === true;
  const environment = base
    .clone()
    .registerVariable('self', type.name)
    .registerVariable('oldSelf', isOptional ? `optional<${type.name}>` : type.name);
  const condition = compile(environment, rule.rule, 'rule', 'bool');
  const message =
    rule.messageExpression === undefined
      ? undefined
      : compile(environment, rule.messageExpression, 'messageExpression', 'string');
  const usesOld = nodesOf(condition.ast).some(({ op, args }) => op === 'id' && args === 'oldSelf');
  let meter = new CostMeter();
  for (const part of [condition, message]) if (part !== undefined) meterTree(part.ast, () => meter);
  const typeName = schema.type ?? '';
  const told = (rule.message ?? '').trim() || rule.rule.trim();
  const failed = (detail: string, path: string): FieldError => reasonError(rule, typeName, { detail, path });
  const evaluate = (part: ParseResult, context: Record<string, unknown>): unknown => {
    meter = new CostMeter();
    const result: unknown = part(context);
    if (meter.isExceeded) throw new CostError('operation cancelled: actual cost limit exceeded');
    return result;
  };
  return {
    usesOld,
    isTransition: usesOld && !isOptional,
    ask({ self, old }, path) {
      const oldSelf = old === undefined ? undefined : type.convert(old.value);
      const context = {
        self: type.convert(self),
        oldSelf: isOptional ? (old === undefined ? Optional.none() : Optional.of(oldSelf)) : oldSelf,
      };
      try {
        if (evaluate(condition, context) === true) return { cost: meter.spent };
      } catch (error) {
        const why =
          error instanceof CostError || meter.isExceeded
            ? `no further validation rules will be run due to call cost exceeds limit for rule: ${told}`
            : `${summaryOf(error)} evaluating rule: ${told}`;
        return { error: failed(why, path), cost: meter.spent };
      }
      const cost = meter.spent;
      const detail = computed(message, (part) => evaluate(part, context)) ?? rule.message?.trim();
      return { error: failed(detail || `failed rule: ${rule.rule.trim()}`, path), cost };
    },
  };
}

/** What `messageExpression` gives; undefined where it fails, gives nothing or more than a line. */
function computed(
  message: ParseResult | undefined,
  evaluate: (part: ParseResult) => unknown,
): string | undefined {
  if (message === undefined) return undefined;
  try {
    const text = String(evaluate(message)).trim();
    return text === '' || text.includes('\n') ? undefined : text;
  } catch {
    return undefined;
  }
}

function reasonError(
  rule: ValidationRule,
  value: string,
  { detail, path }: { detail: string; path: string },
): FieldError {
  const type = REASONS.find((each) => each === rule.reason) ?? 'FieldValueInvalid';
  const field = path + (path === '' ? (rule.fieldPath ?? '').replace(/^\./, '') : (rule.fieldPath ?? ''));
  return { field, type, detail, value };
}
