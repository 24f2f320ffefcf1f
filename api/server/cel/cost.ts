import { RE2JS } from '@bufbuild/re2';

/** Most that one expression may cost. Source: apiserver/pkg/apis/cel/config.go PerCallLimit */
export const EXPRESSION_COST_MAX = 1_000_000;
/** Most that all rules over one object may cost. Source: the same, RuntimeCELCostBudget */
export const OBJECT_COST_MAX = 10_000_000;

/** An expression spent more than it may. */
export class CostError extends Error {
  override readonly name = 'CostError';
}

const EXCEEDED = new CostError('operation cancelled: actual cost limit exceeded');

/** What one evaluation has spent; a step costs one, and so do ten characters or elements that are worked on. */
export class CostMeter {
  spent = 0;

  /** @throws CostError from the limit on, each time: an expression that catches it gets no further */
  spend(cost: number): void {
    this.spent += cost;
    if (this.spent > EXPRESSION_COST_MAX) throw EXCEEDED;
  }

  get isExceeded(): boolean {
    return this.spent > EXPRESSION_COST_MAX;
  }
}

/** The meter of the step that runs. Evaluation never waits, so there is one at a time. */
let running: CostMeter | undefined;

/**
 * For functions of the library whose work is more than the size of what they are given tells.
 * @throws CostError beyond what an expression may cost
 */
export function spend(cost: number): void {
  running?.spend(cost);
}

type Evaluate = (evaluator: Evaluator, node: Node, context: unknown) => unknown;

interface Evaluator {
  run(node: Node, context: unknown): unknown;
}

/** A node of the library's tree: its evaluation is a method that it replaces by the one that it needs. */
interface Node {
  op: string;
  args: unknown;
  evaluate: Evaluate;
  meta: { alternate?: unknown; macro?: unknown };
}

function isNode(value: unknown): value is Node {
  return (
    typeof value === 'object' && value !== null && 'op' in value && 'evaluate' in value && 'meta' in value
  );
}

const NOT_TREE = new Set(['checkedType', 'candidates', 'argTypes', 'iterCtx', 'bindCtx', 'handle']);

/** Every node below (and with) `root`, what macros became included. */
export function nodesOf(root: unknown): Node[] {
  const seen = new Set<unknown>();
  const nodes: Node[] = [];
  const pending = [root];
  while (pending.length > 0) {
    const value = pending.pop();
    if (typeof value !== 'object' || value === null || seen.has(value)) continue;
    seen.add(value);
    if (isNode(value)) {
      nodes.push(value);
      pending.push(value.meta.alternate, value.meta.macro);
    }
    const children = Array.isArray(value)
      ? value
      : Object.entries(value).filter(([key]) => !NOT_TREE.has(key));
    pending.push(...(Array.isArray(value) ? children : children.map((entry: unknown[]) => entry[1])));
  }
  return nodes;
}

const sizes = new WeakMap<object, number>();

/** Characters and elements in a value, all levels; told once for each list and object. */
export function sizeOf(value: unknown): number {
  if (typeof value === 'string') return value.length;
  if (typeof value !== 'object' || value === null) return 1;
  const known = sizes.get(value);
  if (known !== undefined) return known;
  const size =
    value instanceof Uint8Array
      ? value.length
      : (Array.isArray(value) ? value : Object.values(value)).reduce((sum, each) => sum + sizeOf(each), 1);
  sizes.set(value, size);
  return size;
}

/** Operators and functions whose work grows with their operands. */
const BY_SIZE = new Set(['+', '==', '!=', 'in', '<', '<=', '>', '>=', 'call', 'rcall']);

function worksBySize({ op, args }: Node): boolean {
  return BY_SIZE.has(op) && !(Array.isArray(args) && (args[0] === 'size' || args[0] === 'dyn'));
}

function operandsOf({ op, args }: Node): unknown[] {
  if (!Array.isArray(args)) return [];
  return op === 'rcall' || op === 'call' ? args.slice(1).flat() : args;
}

/** RE2 does not backtrack: its work is bounded by text times pattern. */
export function matches(text: string, pattern: string, meter: CostMeter): boolean {
  meter.spend(((text.length + 1) / 10) * Math.max(1, pattern.length / 4));
  return new RE2JS(pattern).test(text);
}

/**
 * Makes every step of a parsed expression count, and its regular expressions RE2's.
 * @param meterOf gives the meter of the evaluation that runs; evaluation never waits, so there is one at a time
 */
export function meterTree(root: unknown, meterOf: () => CostMeter): void {
  const nodes = nodesOf(root);
  const measured = new Set<unknown>();
  for (const node of nodes)
    if (worksBySize(node)) for (const operand of operandsOf(node)) measured.add(operand);
  for (const node of nodes) meterNode(node, measured.has(node), meterOf);
}

function meterNode(node: Node, isMeasured: boolean, meterOf: () => CostMeter): void {
  let inner: Evaluate = isMatches(node) ? matchesWith(meterOf) : node.evaluate;
  const isGrowing = worksBySize(node);
  function counted(evaluator: Evaluator, at: Node, context: unknown): unknown {
    const meter = meterOf();
    meter.spend(1);
    running = meter;
    const result = inner.call(node, evaluator, at, context);
    // Steps below may have been another expression's.
    running = meter;
    if (isMeasured || isGrowing) meter.spend(sizeOf(result) / 10);
    return result;
  }
  const isFixed = isMatches(node);
  Object.defineProperty(node, 'evaluate', {
    get: () => counted,
    set: (next: Evaluate) => {
      if (!isFixed) inner = next === counted ? inner : next;
    },
  });
}

function isMatches({ op, args }: Node): boolean {
  return op === 'rcall' && Array.isArray(args) && args[0] === 'matches';
}

function matchesWith(meterOf: () => CostMeter): Evaluate {
  return (evaluator, node, context) => {
    const [, receiver, [pattern]] = node.args as [string, Node, [Node]];
    const text = evaluator.run(receiver, context);
    const expression = evaluator.run(pattern, context);
    if (typeof text !== 'string' || typeof expression !== 'string')
      throw new TypeError('no such overload: matches');
    return matches(text, expression, meterOf());
  };
}
