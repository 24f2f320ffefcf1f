import type { Environment, ParseResult } from '@marcbachmann/cel-js';
import { CostError, CostMeter, meterTree } from '../cel/cost.ts';
import { issueText } from '../cel/issue.ts';

/** An expression that can be evaluated, or why it cannot. */
export interface Expression {
  readonly text: string;
  /** Name of the type that it gives; `dyn` where only evaluation tells, and where it does not compile. */
  readonly type: string;
  readonly error?: string;
  /** Where it does not compile: what is wrong and where. */
  readonly issue?: string;
  /** @throws what the evaluation fails with; adds its cost to the account that it is given in any case */
  evaluate(activation: Record<string, unknown>, account: Account): unknown;
}

/** Where the cost of what is evaluated is summed up. */
export interface Account {
  spent: number;
}

/** The meter of the evaluation that runs. Evaluation never waits, so there is one at a time, and others below it. */
let running = new CostMeter();

/** Adds to the cost of the evaluation that runs. @throws CostError beyond what one may cost */
export function spend(cost: number): void {
  running.spend(cost);
}

function metered(part: ParseResult, activation: Record<string, unknown>, account: Account): unknown {
  const before = running;
  const meter = new CostMeter();
  running = meter;
  try {
    const result: unknown = part(activation);
    if (meter.isExceeded) throw new CostError('operation cancelled: actual cost limit exceeded');
    return result;
  } finally {
    running = before;
    account.spent += meter.spent;
  }
}

function list(types: readonly string[]): string {
  return types.length === 1 ? types.join('') : `one of [${types.join(' ')}]`;
}

/**
 * Compiles an expression.
 * @param wanted types, one of which it must give; none: any
 */
export function compileExpression(
  environment: Environment,
  text: string,
  wanted: readonly string[] = [],
): Expression {
  try {
    const parsed = environment.parse(text);
    const { valid, type = 'dyn', error } = parsed.check();
    if (!valid) throw error ?? new Error('invalid expression');
    if (wanted.length > 0 && type !== 'dyn' && !wanted.includes(type))
      return failed(text, `must evaluate to ${list(wanted)} but got ${type}`);
    meterTree(parsed.ast, () => running);
    return { text, type, evaluate: (activation, account) => metered(parsed, activation, account) };
  } catch (error) {
    const issue = issueText(error, text);
    return { ...failed(text, `compilation failed: ${issue}`), issue };
  }
}

function failed(text: string, error: string): Expression & { error: string } {
  return {
    text,
    type: 'dyn',
    error,
    evaluate() {
      throw new TypeError(`compilation error: ${error}`);
    },
  };
}
