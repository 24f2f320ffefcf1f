import type { Environment, ParseResult } from '@marcbachmann/cel-js';
import type { StructuralSchema } from '../../../../crds/generate/structural-schema.ts';
import { CostError, CostMeter, meterTree, nodesOf } from '../../cel/cost.ts';
import { createEnvironment } from '../../cel/library.ts';
import { celTypeOf } from '../../cel/schema-types.ts';
import type { User } from '../user.ts';
import type { Claims } from './token-parts.ts';

/** An expression of the configuration, compiled. */
export interface Expression<T> {
  readonly text: string;
  /** @throws Error of one line for what cannot be evaluated, CostError */
  evaluate(value: T): unknown;
  /** Whether it reads `<variable>.<field>`. */
  reads(field: string): boolean;
}

/** A value of JSON as the language has it; objects as maps, whose keys cannot be mistaken for anything else. */
function celValue(value: unknown): unknown {
  if (typeof value === 'number') return Number.isSafeInteger(value) ? BigInt(value) : value;
  if (Array.isArray(value)) return value.map(celValue);
  if (typeof value !== 'object' || value === null) return value;
  return new Map(Object.entries(value).map(([key, each]) => [key, celValue(each)]));
}

function summaryOf(error: unknown): string {
  if (!(error instanceof Error)) return String(error);
  return 'summary' in error ? String(error.summary) : error.message;
}

function parse(environment: Environment, text: string, wanted: 'bool' | undefined): ParseResult {
  const parsed = environment.parse(text);
  const { valid, type, error } = parsed.check();
  if (!valid) throw error ?? new Error('invalid expression');
  if (wanted !== undefined && type !== wanted && type !== 'dyn')
    throw new Error(`must evaluate to ${wanted}, not to ${type}`);
  return parsed;
}

interface Variable<T> {
  readonly name: string;
  readonly environment: Environment;
  convert(value: T): unknown;
}

function compile<T>(
  { name, environment, convert }: Variable<T>,
  text: string,
  wanted?: 'bool',
): Expression<T> {
  let parsed: ParseResult;
  try {
    parsed = parse(environment, text, wanted);
  } catch (cause) {
    throw new Error(`compilation failed: ${summaryOf(cause).split('\n', 1)[0]}`, { cause });
  }
  let meter = new CostMeter();
  meterTree(parsed.ast, () => meter);
  return {
    text,
    reads: (field) =>
      nodesOf(parsed.ast).some(({ op, args }) => {
        if ((op !== '.' && op !== '.?') || !Array.isArray(args) || args[1] !== field) return false;
        const [operand] = nodesOf(args[0]);
        return operand?.op === 'id' && operand.args === name;
      }),
    evaluate: (value) => {
      meter = new CostMeter();
      let result: unknown;
      try {
        result = parsed({ [name]: convert(value) });
      } catch (cause) {
        if (!meter.isExceeded) throw new Error(summaryOf(cause).split('\n', 1)[0], { cause });
      }
      // An expression may catch what its own steps throw.
      if (meter.isExceeded) throw new CostError('actual cost limit exceeded');
      return result;
    },
  };
}

/** @throws Error of one line for what does not compile, or (`wanted`) is not of that type */
export function compileClaimsExpression(text: string, wanted?: 'bool'): Expression<Claims> {
  const environment = createEnvironment().registerVariable('claims', 'map<string, dyn>');
  const convert = (claims: Claims) => new Map([...claims].map(([name, value]) => [name, celValue(value)]));
  return compile({ name: 'claims', environment, convert }, text, wanted);
}

const STRING: StructuralSchema = { type: 'string' };
const STRINGS: StructuralSchema = { type: 'array', items: STRING };
const USER_INFO: StructuralSchema = {
  type: 'object',
  properties: {
    username: STRING,
    uid: STRING,
    groups: STRINGS,
    extra: { type: 'object', additionalProperties: STRINGS },
  },
};

/** A condition on `user`, an authentication.k8s.io UserInfo. @throws Error as compileClaimsExpression */
export function compileUserExpression(text: string): Expression<User> {
  const environment = createEnvironment();
  const type = celTypeOf(environment, USER_INFO);
  environment.registerVariable('user', type.name);
  const convert = ({ name, uid = '', groups, extra = {} }: User) =>
    type.convert({ username: name, uid, groups, extra });
  return compile({ name: 'user', environment, convert }, text, 'bool');
}
