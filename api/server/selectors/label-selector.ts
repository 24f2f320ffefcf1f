import { checkLabelValue, checkQualifiedName } from '../schema/names.ts';
import { SelectorError } from './selector-error.ts';

/** One condition of a label selector. Source: k8s.io/apimachinery/pkg/labels/selector.go */
export interface LabelRequirement {
  readonly key: string;
  readonly operator: 'exists' | 'absent' | 'in' | 'notin' | 'gt' | 'lt';
  readonly values: readonly string[];
}

type Labels = Readonly<Record<string, string>>;

const TOKEN = /\s*(?:(!=|==|[=!(),<>])|([^\s!=(),<>]+))/y;

function tokenize(text: string): string[] {
  const tokens: string[] = [];
  const trimmed = text.trimEnd();
  TOKEN.lastIndex = 0;
  while (TOKEN.lastIndex < trimmed.length) {
    const at = TOKEN.lastIndex;
    const match = TOKEN.exec(trimmed);
    if (match === null)
      throw new SelectorError(`unable to parse label selector at ${JSON.stringify(trimmed.slice(at))}`);
    tokens.push(match[1] ?? match[2] ?? '');
  }
  return tokens;
}

function isWord(token: string | undefined): token is string {
  return token !== undefined && !/^(!=|==|[=!(),<>])$/.test(token);
}

function found(token: string | undefined, expected: string): SelectorError {
  return new SelectorError(`found '${token ?? ''}', expected: ${expected}`);
}

/** Reads tokens from the front; each parser takes what is its own. */
class TokenReader {
  readonly #tokens: readonly string[];
  #at = 0;

  constructor(tokens: readonly string[]) {
    this.#tokens = tokens;
  }

  get peek(): string | undefined {
    return this.#tokens[this.#at];
  }

  take(): string | undefined {
    const token = this.#tokens[this.#at];
    this.#at += 1;
    return token;
  }

  word(): string {
    const token = this.take();
    if (!isWord(token)) throw found(token, 'identifier');
    return token;
  }
}

function checkKey(key: string): string {
  const problem = checkQualifiedName(key);
  if (problem !== undefined)
    throw new SelectorError(`key: Invalid value: ${JSON.stringify(key)}: ${problem}`);
  return key;
}

function checkValues(key: string, values: readonly string[]): readonly string[] {
  for (const [index, value] of values.entries()) {
    const problem = checkLabelValue(value);
    if (problem !== undefined)
      throw new SelectorError(
        `values[${index}][${key}]: Invalid value: ${JSON.stringify(value)}: ${problem}`,
      );
  }
  return values;
}

function parseSet(reader: TokenReader): readonly string[] {
  const open = reader.take();
  if (open !== '(') throw new SelectorError(`found '${open ?? ''}' expected: '('`);
  const values: string[] = [];
  for (;;) {
    values.push(isWord(reader.peek) ? reader.word() : '');
    const next = reader.take();
    if (next === ')') return values;
    if (next !== ',') throw found(next, "',' or ')'");
  }
}

function parseNumber(reader: TokenReader): readonly string[] {
  const value = reader.word();
  if (!/^-?\d+$/.test(value))
    throw new SelectorError(
      `values[0]: Invalid value: ${JSON.stringify(value)}: for 'Gt', 'Lt' operators, the value must be an integer`,
    );
  return [value];
}

function parseRequirement(reader: TokenReader): LabelRequirement {
  if (reader.peek === '!') {
    reader.take();
    return { key: checkKey(reader.word()), operator: 'absent', values: [] };
  }
  const key = checkKey(reader.word());
  const { peek } = reader;
  if (peek === undefined || peek === ',') return { key, operator: 'exists', values: [] };
  reader.take();
  switch (peek) {
    case '=':
    case '==':
    case '!=': {
      const values = checkValues(key, [isWord(reader.peek) ? reader.word() : '']);
      return { key, operator: peek === '!=' ? 'notin' : 'in', values };
    }
    case '>':
      return { key, operator: 'gt', values: parseNumber(reader) };
    case '<':
      return { key, operator: 'lt', values: parseNumber(reader) };
    case 'in':
    case 'notin':
      return { key, operator: peek, values: checkValues(key, parseSet(reader)) };
    default:
      throw found(peek, 'in, notin, =, ==, !=, gt, lt');
  }
}

function requirement(reader: TokenReader): LabelRequirement {
  try {
    return parseRequirement(reader);
  } catch (error) {
    if (!(error instanceof SelectorError)) throw error;
    throw new SelectorError(`unable to parse requirement: ${error.message}`);
  }
}

/** @throws SelectorError naming what is wrong, in upstream's words */
export function parseLabelSelector(text: string): readonly LabelRequirement[] {
  const reader = new TokenReader(tokenize(text));
  const requirements: LabelRequirement[] = [];
  if (reader.peek === undefined) return requirements;
  for (;;) {
    requirements.push(requirement(reader));
    const next = reader.take();
    if (next === undefined) return requirements;
    if (next !== ',') throw found(next, "',' or 'end of string'");
    if (!isWord(reader.peek) && reader.peek !== '!') throw found(reader.peek, "identifier after ','");
  }
}

/** Whether labels fulfil every requirement. An absent label fulfils `!=` and `notin`. */
export function matchesLabels(requirements: readonly LabelRequirement[], labels: Labels): boolean {
  return requirements.every(({ key, operator, values }) => {
    const value = Object.hasOwn(labels, key) ? labels[key] : undefined;
    switch (operator) {
      case 'exists':
        return value !== undefined;
      case 'absent':
        return value === undefined;
      case 'in':
        return value !== undefined && values.includes(value);
      case 'notin':
        return value === undefined || !values.includes(value);
      case 'gt':
      case 'lt': {
        if (value === undefined || !/^-?\d+$/.test(value)) return false;
        const [bound = '0'] = values;
        return operator === 'gt' ? BigInt(value) > BigInt(bound) : BigInt(value) < BigInt(bound);
      }
    }
    return false;
  });
}
