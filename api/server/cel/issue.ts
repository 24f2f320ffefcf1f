/** What is wrong with an expression, without the excerpt of it that the library adds. */
export function summaryOf(error: unknown): string {
  if (!(error instanceof Error)) return String(error);
  return 'summary' in error ? String(error.summary) : error.message;
}

/** What the library says of an operator or a function that there is none of for the types. */
const BINARY = /^no such overload: (.+) (\+|-|\*|\/|%|==|!=|<=|>=|<|>|in|&&|\|\|) (.+)$/;
const UNARY = /^no such overload: ([!-])(.+)$/;
const CALL = /^found no matching overload for '(?:(.+)\.)?(\w+)\((.*)\)'$/;

/** What is wrong with an expression, in the words of cel-go as far as the library knows as much. */
function upstreamWords(error: unknown): string {
  const summary = summaryOf(error);
  if (error instanceof Error && error.name === 'ParseError') return `Syntax error: ${summary}`;
  const binary = BINARY.exec(summary);
  if (binary !== null) {
    const [, left, operator = '', right] = binary;
    const name = operator === 'in' ? '@in' : `_${operator}_`;
    return `found no matching overload for '${name}' applied to '(${left}, ${right})'`;
  }
  const unary = UNARY.exec(summary);
  if (unary !== null) return `found no matching overload for '${unary[1]}_' applied to '(${unary[2]})'`;
  const call = CALL.exec(summary);
  if (call !== null) {
    const [, receiver, name, types] = call;
    return `found no matching overload for '${name}' applied to '${receiver === undefined ? '' : `${receiver}.`}(${types})'`;
  }
  const variable = /^Unknown variable: (.+)$/.exec(summary)?.[1];
  if (variable !== undefined) return `undeclared reference to '${variable}' (in container '')`;
  const field = /^No such key: (.+)$/.exec(summary)?.[1];
  return field === undefined ? summary : `undefined field '${field}'`;
}

/** What the library's errors have besides a message, as far as it is used here. */
interface Located {
  readonly range?: { readonly start: number };
  readonly node?: { readonly args?: unknown };
}

/** Where in the expression it is: an operator's own place, not that of what is before it. */
function placeOf(error: unknown, text: string): number {
  const { range, node }: Located = error instanceof Error ? (error as Located) : {};
  const start = range?.start ?? 0;
  if (!summaryOf(error).startsWith('no such overload') || !Array.isArray(node?.args)) return start;
  const { end = start }: { end?: number } = node.args[0] ?? {};
  return end + (/^[\s)]*/.exec(text.slice(end))?.[0].length ?? 0);
}

/**
 * What is wrong with an expression that does not compile, with the place, as cel-go tells it.
 * Source: github.com/google/cel-go/common/error.go
 */
export function issueText(error: unknown, text: string): string {
  const place = Math.min(placeOf(error, text), text.length);
  const before = text.slice(0, place).split('\n');
  const column = before.at(-1)?.length ?? 0;
  const line = text.split('\n')[before.length - 1] ?? '';
  return `ERROR: <input>:${before.length}:${column + 1}: ${upstreamWords(error)}\n | ${line}\n | ${'.'.repeat(column)}^`;
}
