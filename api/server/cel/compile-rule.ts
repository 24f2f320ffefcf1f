import { type Environment, Optional, type ParseResult } from '@marcbachmann/cel-js';
import type { StructuralSchema, ValidationRule } from '../../../crds/generate/structural-schema.ts';
import type { FieldError } from '../schema/field-error.ts';
import { CostError, CostMeter, meterTree, nodesOf } from './cost.ts';
import { createEnvironment } from './library.ts';
import { type CelType, celTypeOf } from './schema-types.ts';

/** One rule at its place in a schema, ready to be asked. */
export interface CompiledRule {
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

/** All the rules of one level of a schema. @throws Error per rule, through `onError`, for what does not compile */
export function compileLevel(
  schema: StructuralSchema,
  onError: (index: number, field: string, detail: string) => void,
): CompiledRule[] {
  const environment = createEnvironment();
  const type = celTypeOf(environment, schema);
  return (schema['x-kubernetes-validations'] ?? []).flatMap((rule, index) => {
    try {
      return [compileRule(rule, { environment, type, schema })];
    } catch (error) {
      onError(index, 'rule', `compilation failed: ${summaryOf(error)}`);
      return [];
    }
  });
}

interface Level {
  readonly environment: Environment;
  readonly type: CelType;
  readonly schema: StructuralSchema;
}

/** What is wrong with an expression, without the excerpt of it that the library adds. */
export function summaryOf(error: unknown): string {
  if (!(error instanceof Error)) return String(error);
  return 'summary' in error ? String(error.summary) : error.message;
}

/** @throws Error for what does not parse or is not of type `wanted` */
function compile(environment: Environment, text: string, wanted: string): ParseResult {
  const parsed = environment.parse(text);
  const { valid, type, error } = parsed.check();
  if (!valid) throw error ?? new Error('invalid expression');
  if (type !== wanted && type !== 'dyn') throw new Error(`cel expression must evaluate to a ${wanted}`);
  return parsed;
}

function compileRule(rule: ValidationRule, { environment: base, type, schema }: Level): CompiledRule {
  const isOptional = rule.optionalOldSelf === true;
  const environment = base
    .clone()
    .registerVariable('self', type.name)
    .registerVariable('oldSelf', isOptional ? `optional<${type.name}>` : type.name);
  const condition = compile(environment, rule.rule, 'bool');
  const message =
    rule.messageExpression === undefined ? undefined : compile(environment, rule.messageExpression, 'string');
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
