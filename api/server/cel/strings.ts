import type { Environment } from '@marcbachmann/cel-js';
import { UnsignedInt } from '@marcbachmann/cel-js/evaluator';

const SYNC = { async: false };

function charAt(text: string, at: bigint): string {
  const characters = [...text];
  if (at < 0n || at > BigInt(characters.length)) throw new RangeError(`index out of range: ${at}`);
  return characters[Number(at)] ?? '';
}

/** The first `count` of them; negative: all. */
function replaceSome(text: string, from: string, to: string, count: bigint): string {
  if (count < 0n) return text.replaceAll(from, () => to);
  let left = count;
  return text.replaceAll(from, (found) => {
    left -= 1n;
    return left >= 0n ? to : found;
  });
}

const ESCAPES: Readonly<Record<string, string>> = {
  '\u0007': '\\a',
  '\b': '\\b',
  '\f': '\\f',
  '\n': '\\n',
  '\r': '\\r',
  '\t': '\\t',
  '\v': '\\v',
  '\\': '\\\\',
  '"': '\\"',
};

function quote(text: string): string {
  return `"${[...text].map((character) => ESCAPES[character] ?? character).join('')}"`;
}

function isPlainMap(value: unknown): value is object {
  return (
    value instanceof Map || (typeof value === 'object' && value !== null && value.constructor === Object)
  );
}

/** A value as `%s` writes it. */
function shown(value: unknown): string {
  if (value === null) return 'null';
  if (typeof value === 'string') return value;
  if (typeof value === 'bigint' || typeof value === 'boolean') return String(value);
  if (typeof value === 'number') return shownDouble(value);
  if (value instanceof UnsignedInt) return String(value);
  if (value instanceof Uint8Array) return Buffer.from(value).toString();
  if (value instanceof Date) return value.toISOString().replace('.000Z', 'Z');
  if (Array.isArray(value)) return `[${value.map(shown).join(', ')}]`;
  if (isPlainMap(value)) {
    const entries = value instanceof Map ? [...value] : Object.entries(value);
    const pairs = entries.map(([key, each]) => `${shown(key)}: ${shown(each)}`);
    return `{${pairs.sort().join(', ')}}`;
  }
  throw new TypeError(
    'error during formatting: string clause can only be used on strings, bools, bytes, ints, doubles, maps, lists, types, durations, and timestamps',
  );
}

function shownDouble(value: number): string {
  if (Number.isNaN(value)) return 'NaN';
  return Number.isFinite(value) ? String(value) : value > 0 ? 'Infinity' : '-Infinity';
}

function integer(value: unknown, clause: string): bigint {
  if (typeof value === 'bigint') return value;
  if (value instanceof UnsignedInt) return BigInt(String(value));
  throw new TypeError(`error during formatting: ${clause} clause can only be used on integers`);
}

function double(value: unknown, clause: string): number {
  if (typeof value === 'number') return value;
  throw new TypeError(`error during formatting: ${clause} clause can only be used on doubles`);
}

function scientific(value: number, precision: number): string {
  return value.toExponential(precision).replace(/e([+-])(\d)$/, 'e$10$2');
}

function hex(value: unknown): string {
  if (typeof value === 'string') return Buffer.from(value).toString('hex');
  if (value instanceof Uint8Array) return Buffer.from(value).toString('hex');
  return integer(value, 'hex').toString(16);
}

const PRECISION_MAX = 100;

/** One clause of a format. Source: github.com/google/cel-go/ext/formatting.go */
function clause(verb: string, precision: number, value: unknown): string {
  switch (verb) {
    case 's':
      return shown(value);
    case 'd':
      return typeof value === 'number' && !Number.isFinite(value)
        ? shownDouble(value)
        : String(integer(value, 'decimal'));
    case 'f':
      return double(value, 'fixed-point').toFixed(precision);
    case 'e':
      return scientific(double(value, 'scientific'), precision);
    case 'b':
      return typeof value === 'boolean' ? String(Number(value)) : integer(value, 'binary').toString(2);
    case 'o':
      return integer(value, 'octal').toString(8);
    case 'x':
      return hex(value);
    case 'X':
      return hex(value).toUpperCase();
    default:
      throw new TypeError(`could not parse formatting clause: unrecognized formatting clause "${verb}"`);
  }
}

function format(text: string, values: readonly unknown[]): string {
  let at = 0;
  return text.replaceAll(
    /%(?:%|(?:\.(\d+))?([A-Za-z]?))/g,
    (found, digits: string | undefined, verb: string | undefined) => {
      if (found === '%%') return '%';
      if (at >= values.length) throw new RangeError(`index ${at} out of range`);
      const value = values[at];
      at += 1;
      const precision = digits === undefined ? 6 : Math.min(Number(digits), PRECISION_MAX);
      return clause(verb ?? '', precision, value);
    },
  );
}

class StringsNamespace {}

/** CEL's extended strings, as far as the library has none of its own. Source: github.com/google/cel-go/ext/strings.go */
export function addStrings(environment: Environment): void {
  environment
    .registerFunction('string.charAt(int): string', charAt, SYNC)
    .registerFunction(
      'string.replace(string, string): string',
      (text: string, from: string, to: string) => text.replaceAll(from, () => to),
      SYNC,
    )
    .registerFunction('string.replace(string, string, int): string', replaceSome, SYNC)
    .registerFunction('string.format(list): string', format, SYNC)
    .registerType('StringsNamespace', StringsNamespace)
    .registerConstant('strings', 'StringsNamespace', new StringsNamespace())
    .registerFunction(
      'StringsNamespace.quote(string): string',
      (_: StringsNamespace, text: string) => quote(text),
      SYNC,
    );
}
