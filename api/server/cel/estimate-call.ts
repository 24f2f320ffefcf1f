/*
 * What calls cost at most. Source: functionCost in github.com/google/cel-go/checker/cost.go and EstimateCallCost in
 * k8s.io/apiserver/pkg/cel/library/cost.go
 */

/** Of a text that is gone through, per character. */
const TRAVERSAL = 0.1;
/** Of a regular expression, per character of it. */
const REGEX = 0.25;
/** Source: MaxNameFormatRegexSize in k8s.io/apiserver/pkg/cel/limits.go */
const FORMAT_REGEX_MAX = 128;
const ADDRESS_BYTES_MAX = 16;

/** What is known of an operand. */
export interface Operand {
  /** Characters, items or entries at most; Infinity where nothing bounds them. */
  readonly size: number;
  /** Of one item of it. */
  readonly itemSize: number;
  /** Name of its type. */
  readonly type: string;
}

/** The cost of a call without that of its operands, and how large its result may be where that is known. */
export interface CallEstimate {
  readonly cost: number;
  readonly size?: number;
}

function factor(size: number, by: number): number {
  return Math.ceil(size * by);
}

/** Nothing of something without bound is nothing. */
export function times(a: number, b: number): number {
  return a === 0 || b === 0 ? 0 : a * b;
}

type Estimate = (target: Operand, args: readonly Operand[]) => CallEstimate;

const NONE: Operand = { size: 0, itemSize: 0, type: '' };

const traversed: Estimate = ({ size }) => ({ cost: factor(size, TRAVERSAL), size });
const twice: Estimate = ({ size }) => ({ cost: factor(size, 2 * TRAVERSAL), size });
const nominal: Estimate = () => ({ cost: 1 });
/** Upstream looks for these at a target that functions do not have, and so counts them once. */
const parsed: Estimate = (_, [text = NONE]) => ({ cost: factor(text.size, TRAVERSAL) });

const search: Estimate = (target, [pattern = NONE]) => ({
  cost: times(factor(target.size + 1, TRAVERSAL), factor(pattern.size, REGEX)),
  size: target.size,
});

const overItems: Estimate = ({ size, itemSize, type }) => {
  if (!type.startsWith('list')) return { cost: factor(size, TRAVERSAL) };
  const isText = /^list<(string|bytes)>$/.test(type);
  return { cost: times(size, 1 + (isText ? factor(itemSize, TRAVERSAL) : 0)) };
};

const join: Estimate = ({ size: count, itemSize }, [separator]) => {
  const separators = separator === undefined ? 0 : times(separator.size, Math.max(0, count - 1));
  const size = times(count, itemSize) + separators;
  return { cost: factor(size, TRAVERSAL), size };
};

const contained: Estimate = (_, [other = NONE]) => {
  const compared = factor(2 * ADDRESS_BYTES_MAX, TRAVERSAL);
  return { cost: compared + (other.type === 'string' ? factor(other.size, TRAVERSAL) : 0) };
};

const containedCidr: Estimate = (target, args) => ({
  cost: contained(target, args).cost + factor(ADDRESS_BYTES_MAX, TRAVERSAL) + 1,
});

const replace: Estimate = ({ size }, [from = NONE, to = NONE]) => ({
  cost: factor(size, 2 * TRAVERSAL),
  size:
    from.size === 0 ? times(size + 1, to.size) + size : to.size <= from.size ? size : times(size, to.size),
});

const METHODS: Readonly<Record<string, Estimate>> = {
  startsWith: (_, [part = NONE]) => ({ cost: factor(part.size, TRAVERSAL) }),
  endsWith: (_, [part = NONE]) => ({ cost: factor(part.size, TRAVERSAL) }),
  contains: (target, [part = NONE]) => ({
    cost: times(factor(target.size, TRAVERSAL), factor(part.size, TRAVERSAL)),
  }),
  matches: (target, args) => ({ cost: search(target, args).cost }),
  find: search,
  findAll: search,
  format: ({ size }) => ({ cost: factor(size, TRAVERSAL) }),
  ...{ lowerAscii: traversed, upperAscii: traversed, substring: traversed, trim: traversed },
  ...{ replace, split: twice, join },
  ...{ isSorted: overItems, sum: overItems, max: overItems, min: overItems },
  ...{ indexOf: overItems, lastIndexOf: overItems },
  ...{ containsIP: contained, containsCIDR: containedCidr },
  validate: (_, [text = NONE]) => ({
    cost: factor(factor(text.size, TRAVERSAL), FORMAT_REGEX_MAX * REGEX),
  }),
};

/** Every item of one with every item of the other. Source: github.com/google/cel-go/ext/sets.go */
function sets(by: number): Estimate {
  return (_, [a = NONE, b = NONE]) => ({ cost: 1 + by * times(a.size, b.size) });
}

const FUNCTIONS: Readonly<Record<string, Estimate>> = {
  ...{ 'sets.contains': sets(1), 'sets.intersects': sets(1), 'sets.equivalent': sets(2) },
  'ip.isCanonical': (_, [text = NONE]) => ({ cost: factor(text.size, 2 * TRAVERSAL) }),
  'strings.quote': (_, [text = NONE]) => ({ cost: factor(text.size, TRAVERSAL), size: 2 * text.size + 2 }),
  url: (_, [text = NONE]) => traversed(text, []),
  bytes: (_, [text = NONE]) => ({ cost: factor(text.size, TRAVERSAL), size: text.size * 4 }),
  ...{ ip: parsed, isIP: parsed, cidr: parsed, isCIDR: parsed, quantity: parsed, isQuantity: parsed },
};

/** What a method costs. */
export function methodEstimate(name: string, target: Operand, args: readonly Operand[]): CallEstimate {
  return (Object.hasOwn(METHODS, name) ? METHODS[name] : undefined)?.(target, args) ?? nominal(target, args);
}

/** What a function of a namespace or of none costs. */
export function functionEstimate(name: string, args: readonly Operand[]): CallEstimate {
  return (Object.hasOwn(FUNCTIONS, name) ? FUNCTIONS[name] : undefined)?.(NONE, args) ?? nominal(NONE, args);
}

/** What an operator over two operands costs. */
export function operatorEstimate(operator: string, left: Operand, right: Operand): CallEstimate {
  const isText = [left, right].some(({ type }) => type === 'string' || type === 'bytes' || type === 'dyn');
  switch (operator) {
    case '==':
    case '!=':
      return { cost: factor(Math.min(left.size, right.size), TRAVERSAL) };
    case '<':
    case '<=':
    case '>':
    case '>=':
      return { cost: isText ? Math.max(1, factor(Math.min(left.size, right.size), TRAVERSAL)) : 1 };
    case '+': {
      const size = left.size + right.size;
      if (left.type.startsWith('list')) return { cost: 1, size };
      return isText ? { cost: factor(size, TRAVERSAL), size } : { cost: 1 };
    }
    case 'in':
      return { cost: right.type.startsWith('map') ? 1 : right.size };
    default:
      return { cost: 1 };
  }
}
