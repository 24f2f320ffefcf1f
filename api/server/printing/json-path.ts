import { isRecord } from '../../../crds/generate/json-record.ts';

/** One step of a path: into a field, into an element, or to the elements whose field has a value. */
type Step =
  | { readonly kind: 'field'; readonly name: string }
  | { readonly kind: 'index'; readonly index: number }
  | { readonly kind: 'all' }
  | { readonly kind: 'filter'; readonly field: readonly string[]; readonly equals: unknown };

/** The first value that the path leads to, or undefined. */
export type JsonPath = (value: unknown) => unknown;

const FIELD = /^\.?((?:\\.|[^.[\]\\])+)/;
const QUOTED_FIELD = /^\['((?:\\.|[^'\\])*)'\]/;
const INDEX = /^\[(-?\d+)\]/;
const ALL = /^\[\*\]/;
const FILTER = /^\[\?\(@\.([\w.]+)\s*==\s*("(?:\\.|[^"\\])*"|'[^']*'|true|false|-?\d+(?:\.\d+)?)\)\]/;

/**
 * Compiles the part of JSONPath that printer columns use: `.a.b`, `.a\.b` (a dot in a name), `['a.b']`, `[0]`,
 * `[*]`, `[?(@.type=="Ready")]`.
 * @throws SyntaxError for anything else; names the path and where reading stopped
 */
export function compileJsonPath(path: string): JsonPath {
  const steps: Step[] = [];
  let rest = path;
  while (rest !== '') {
    const [step, length] = readStep(rest, path);
    steps.push(step);
    rest = rest.slice(length);
  }
  return (value) =>
    steps.reduce<unknown[]>((found, step) => found.flatMap((item) => take(item, step)), [value])[0];
}

function readStep(rest: string, path: string): [Step, number] {
  const filter = FILTER.exec(rest);
  if (filter !== null) {
    const [text, field = '', literal = ''] = filter;
    return [{ kind: 'filter', field: field.split('.'), equals: readLiteral(literal) }, text.length];
  }
  const index = INDEX.exec(rest);
  if (index !== null) return [{ kind: 'index', index: Number(index[1]) }, index[0].length];
  const all = ALL.exec(rest);
  if (all !== null) return [{ kind: 'all' }, all[0].length];
  const field = QUOTED_FIELD.exec(rest) ?? FIELD.exec(rest);
  if (field !== null) {
    return [{ kind: 'field', name: (field[1] ?? '').replaceAll(/\\(.)/g, '$1') }, field[0].length];
  }
  throw new SyntaxError(`JSONPath ${JSON.stringify(path)} cannot be read from ${JSON.stringify(rest)} on`);
}

function readLiteral(literal: string): unknown {
  return literal.startsWith("'") ? literal.slice(1, -1) : JSON.parse(literal);
}

function take(value: unknown, step: Step): unknown[] {
  switch (step.kind) {
    case 'field':
      return isRecord(value) && Object.hasOwn(value, step.name) ? [value[step.name]] : [];
    case 'index': {
      const element = Array.isArray(value) ? value.at(step.index) : undefined;
      return element === undefined ? [] : [element];
    }
    case 'all':
      return Array.isArray(value) ? value : isRecord(value) ? Object.values(value) : [];
    case 'filter':
      return Array.isArray(value)
        ? value.filter((element) => fieldOf(element, step.field) === step.equals)
        : [];
  }
}

function fieldOf(value: unknown, names: readonly string[]): unknown {
  return names.reduce<unknown>((found, name) => (isRecord(found) ? found[name] : undefined), value);
}
