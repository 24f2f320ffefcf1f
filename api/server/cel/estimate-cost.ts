import type { DeclaredSize } from './declared-size.ts';
import { functionEstimate, methodEstimate, type Operand, operatorEstimate, times } from './estimate-call.ts';

/** A node of a checked tree, as far as it is looked at here. */
interface Node {
  readonly op: string;
  readonly args: unknown;
  readonly checkedType?: { readonly name: string; readonly kind: string };
}

/** What evaluating a part costs at most, and what is known of its value. */
interface Part {
  readonly cost: number;
  readonly size: number | undefined;
  readonly declared: DeclaredSize | undefined;
}

type Scope = ReadonlyMap<string, DeclaredSize | undefined>;

const LIST_COST = 10;
const MAP_COST = 30;
const SCALARS = new Set([
  'int',
  'uint',
  'double',
  'bool',
  'google.protobuf.Timestamp',
  'google.protobuf.Duration',
]);

function isNode(value: unknown): value is Node {
  return typeof value === 'object' && value !== null && 'op' in value && 'args' in value;
}

function nodes(value: unknown): Node[] {
  return Array.isArray(value) ? value.filter(isNode) : [];
}

function typeOf({ checkedType }: Node): string {
  return checkedType?.name ?? 'dyn';
}

/** A name before the functions of a library: upstream knows it as a part of theirs. */
function isNamespace({ op, args }: Node): boolean {
  return op === 'id' && ['sets', 'format', 'ip', 'strings'].includes(String(args));
}

function plain(cost: number): Part {
  return { cost, size: undefined, declared: undefined };
}

/** What a step costs around its body, each time, and once. Source: the macros' expansions in cel-go */
interface Loop {
  readonly once: number;
  readonly each: number;
}

const LOOPS: Readonly<Record<string, Loop>> = {
  all: { once: 1, each: 3 },
  exists: { once: 1, each: 4 },
  exists_one: { once: 2, each: 2 },
  existsOne: { once: 2, each: 2 },
  filter: { once: LIST_COST + 1, each: 13 },
  map: { once: LIST_COST + 1, each: 2 + LIST_COST },
  transformList: { once: LIST_COST + 1, each: 2 + LIST_COST },
  transformMap: { once: MAP_COST + 1, each: 3 },
  transformMapEntry: { once: MAP_COST + 1, each: 2 },
};

/** How many variables a comprehension has by its name and arguments. */
function variablesOf(name: string, count: number): number {
  if (name.startsWith('transform') || name === 'existsOne') return 2;
  return count === 3 && name !== 'map' ? 2 : 1;
}

/**
 * Estimates the most that an expression may cost, from the sizes that its schema allows.
 * Source: github.com/google/cel-go/checker/cost.go
 */
class Estimator {
  part(node: Node, scope: Scope): Part {
    const { op, args } = node;
    switch (op) {
      case 'value':
        return { ...plain(0), size: this.#literalSize(args) };
      case 'id':
        return { ...plain(1), declared: scope.get(String(args)) ?? this.#root(scope) };
      case '.':
        return this.#select(args, scope);
      case 'list':
        return this.#literal(nodes(args), nodes(args).length, LIST_COST, scope);
      case 'map': {
        const entries = Array.isArray(args) ? args : [];
        return this.#literal(entries.flatMap(nodes), entries.length, MAP_COST, scope);
      }
      case 'call':
        return this.#call(args, scope);
      case 'rcall':
        return this.#method(args, scope);
      case '?:':
        return this.#ternary(nodes(args), scope);
      case '&&':
      case '||':
        return plain(this.#sum(nodes(args), scope));
      default:
        return this.#operator(node, scope);
    }
  }

  /** What upstream takes for the size of a value that no schema tells of: that of what the rule is about. */
  #root(scope: Scope): DeclaredSize {
    return { elementsMax: scope.get('self')?.elementsMax ?? 0, bytesMin: 0 };
  }

  #literalSize(value: unknown): number {
    if (typeof value === 'string') return [...value].length;
    return value instanceof Uint8Array ? value.length : 1;
  }

  #sum(parts: readonly Node[], scope: Scope): number {
    return parts.reduce((sum, part) => sum + this.part(part, scope).cost, 0);
  }

  #literal(parts: readonly Node[], size: number, cost: number, scope: Scope): Part {
    return { cost: cost + this.#sum(parts, scope), size, declared: undefined };
  }

  #select(args: unknown, scope: Scope): Part {
    const [operand, field] = Array.isArray(args) ? args : [];
    if (!isNode(operand)) return plain(0);
    const { cost, declared } = this.part(operand, scope);
    const kind = operand.checkedType?.kind;
    const isLookUp = kind === 'map' || kind === 'message';
    const child = declared === undefined ? this.#root(scope) : declared.fields?.get(String(field));
    return { cost: cost + (isLookUp ? 1 : 0), size: undefined, declared: child };
  }

  /** What is known of a value once its cost is counted. */
  #operand(node: Node, { size, declared }: Part): Operand {
    const type = typeOf(node);
    const known = size ?? declared?.elementsMax ?? (SCALARS.has(type) ? 1 : Number.POSITIVE_INFINITY);
    return { size: known, itemSize: declared?.item?.elementsMax ?? Number.POSITIVE_INFINITY, type };
  }

  #operands(list: readonly Node[], scope: Scope): { cost: number; operands: Operand[] } {
    const parts = list.map((node) => ({ node, part: this.part(node, scope) }));
    return {
      cost: parts.reduce((sum, { part }) => sum + part.cost, 0),
      operands: parts.map(({ node, part }) => this.#operand(node, part)),
    };
  }

  #operator({ op, args }: Node, scope: Scope): Part {
    const list = isNode(args) ? [args] : nodes(args);
    const { cost, operands } = this.#operands(list, scope);
    const [left, right] = operands;
    if (op === '[]') {
      const [container] = list;
      const of = container && this.part(container, scope).declared;
      const declared = of === undefined ? this.#root(scope) : of.item;
      return { cost: cost + 1, size: undefined, declared };
    }
    if (left === undefined || right === undefined) return plain(cost + 1);
    const call = operatorEstimate(op, left, right);
    return { cost: cost + call.cost, size: call.size, declared: undefined };
  }

  #ternary([condition, yes, no]: readonly Node[], scope: Scope): Part {
    if (condition === undefined || yes === undefined || no === undefined) return plain(0);
    const [a, b] = [this.part(yes, scope), this.part(no, scope)];
    const size = Math.max(this.#operand(yes, a).size, this.#operand(no, b).size);
    return { cost: this.part(condition, scope).cost + Math.max(a.cost, b.cost), size, declared: undefined };
  }

  #call(args: unknown, scope: Scope): Part {
    const [name, list] = Array.isArray(args) ? args : [];
    const [first] = nodes(list);
    if (name === 'has') {
      const [operand] = Array.isArray(first?.args) ? first.args : [];
      return plain(isNode(operand) ? this.part(operand, scope).cost : 0);
    }
    const { cost, operands } = this.#operands(nodes(list), scope);
    const call = functionEstimate(String(name), operands);
    return { cost: cost + call.cost, size: call.size, declared: undefined };
  }

  #method(args: unknown, scope: Scope): Part {
    const [name, receiver, list] = Array.isArray(args) ? args : [];
    const parameters = nodes(list);
    if (!isNode(receiver)) return plain(0);
    if (name === 'bind') return this.#bind(parameters, scope);
    if (isNamespace(receiver)) {
      const { cost, operands } = this.#operands(parameters, scope);
      const call = functionEstimate(`${receiver.args}.${name}`, operands);
      return { cost: cost + call.cost, size: call.size, declared: undefined };
    }
    const isLoop = Object.hasOwn(LOOPS, String(name)) && parameters[0]?.op === 'id' && parameters.length > 1;
    if (isLoop) return this.#loop(String(name), receiver, parameters, scope);
    const target = this.part(receiver, scope);
    const { cost, operands } = this.#operands(parameters, scope);
    const call = methodEstimate(String(name), this.#operand(receiver, target), operands);
    return { cost: target.cost + cost + call.cost, size: call.size, declared: undefined };
  }

  #bind([name, value, body]: readonly Node[], scope: Scope): Part {
    if (name === undefined || value === undefined || body === undefined) return plain(0);
    const bound = this.part(value, scope);
    const part = this.part(body, new Map(scope).set(String(name.args), bound.declared));
    return { ...part, cost: LIST_COST + bound.cost + part.cost };
  }

  #loop(name: string, receiver: Node, parameters: readonly Node[], scope: Scope): Part {
    const range = this.part(receiver, scope);
    const { size } = this.#operand(receiver, range);
    const { item, key } = range.declared ?? {};
    const variables = variablesOf(name, parameters.length);
    const inner = new Map(scope);
    const isMap = receiver.checkedType?.kind === 'map';
    const declared = variables === 2 ? [isMap ? key : undefined, item] : [isMap ? key : item];
    for (const [index, each] of declared.entries()) inner.set(String(parameters[index]?.args), each);
    const bodies = this.#sum(parameters.slice(variables), inner);
    const { once, each } = LOOPS[name] ?? { once: 0, each: 0 };
    return { cost: range.cost + once + times(size, each + bodies), size, declared: undefined };
  }
}

/**
 * The most that a checked expression may cost; Infinity where nothing bounds it.
 * @param variables what is known of the sizes of its variables
 */
export function estimateCost(ast: unknown, variables: Scope): number {
  return isNode(ast) ? new Estimator().part(ast, variables).cost : 0;
}
