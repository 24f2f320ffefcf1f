import { RE2JS } from '@bufbuild/re2';
import type { Environment } from '@marcbachmann/cel-js';
import { spend } from './cost.ts';
import { findFrom } from './re2-find.ts';

const SYNC = { async: false };

/** RE2 does not backtrack: its work is bounded by text times pattern. */
function compiled(text: string, pattern: string): RE2JS {
  spend(((text.length + 1) / 10) * Math.max(1, pattern.length / 4));
  return new RE2JS(pattern);
}

function find(text: string, pattern: string): string {
  const [start, end] = findFrom(compiled(text, pattern), text, 0) ?? [0, 0];
  return text.slice(start, end);
}

/** @param count the most that is found; negative: all */
function findAll(text: string, pattern: string, count = -1n): string[] {
  const expression = compiled(text, pattern);
  const found: string[] = [];
  let previousEnd = -1;
  for (let at = 0; at <= text.length && BigInt(found.length) !== count; ) {
    const place = findFrom(expression, text, at);
    if (place === undefined) break;
    const [start, end] = place;
    // Nothing right behind a match is no match of its own, as in Go.
    if (end > start || start !== previousEnd) found.push(text.slice(start, end));
    previousEnd = end;
    at = end > start ? end : end + 1;
    spend(1);
  }
  return found;
}

/** `find` and `findAll`. Source: k8s.io/apiserver/pkg/cel/library/regex.go */
export function addRegex(environment: Environment): void {
  environment
    .registerFunction(
      'string.find(string): string',
      (text: string, pattern: string) => find(text, pattern),
      SYNC,
    )
    .registerFunction(
      'string.findAll(string): list<string>',
      (text: string, pattern: string) => findAll(text, pattern),
      SYNC,
    )
    .registerFunction(
      'string.findAll(string, int): list<string>',
      (text: string, pattern: string, count: bigint) => findAll(text, pattern, count),
      SYNC,
    );
}
