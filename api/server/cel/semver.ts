import type { Environment } from '@marcbachmann/cel-js';

const SYNC = { async: false };

/** Source: semver.org, the expression of version 2.0.0 */
const SEMVER =
  /^(0|[1-9]\d*)\.(0|[1-9]\d*)\.(0|[1-9]\d*)(?:-((?:0|[1-9]\d*|\d*[A-Za-z-][0-9A-Za-z-]*)(?:\.(?:0|[1-9]\d*|\d*[A-Za-z-][0-9A-Za-z-]*))*))?(?:\+[0-9A-Za-z-]+(?:\.[0-9A-Za-z-]+)*)?$/;
const LENGTH_MAX = 256;

class Semver {
  readonly numbers: readonly [bigint, bigint, bigint];
  readonly pre: readonly string[];

  constructor(numbers: readonly [bigint, bigint, bigint], pre: readonly string[]) {
    this.numbers = numbers;
    this.pre = pre;
  }
}

function parse(text: string): Semver | undefined {
  const match = text.length > LENGTH_MAX ? null : SEMVER.exec(text);
  if (match === null) return undefined;
  const [, major = '0', minor = '0', patch = '0', pre] = match;
  return new Semver([BigInt(major), BigInt(minor), BigInt(patch)], pre === undefined ? [] : pre.split('.'));
}

/** `v1.0`, `01.2` and the like as whole versions. Source: normalizeAndParse in the same */
function normalized(text: string): string {
  const [, numbers = '', rest = ''] = /^v?([\d.]*)(.*)$/s.exec(text) ?? [];
  const parts = numbers.split('.').map((part) => part.replace(/^0+(?=\d)/, ''));
  while (parts.length < 3) parts.push('0');
  return parts.join('.') + rest;
}

function comparePre(a: string, b: string): number {
  const [isNumberA, isNumberB] = [/^\d+$/.test(a), /^\d+$/.test(b)];
  if (isNumberA && isNumberB) return Number(BigInt(a) - BigInt(b) > 0n) - Number(BigInt(a) - BigInt(b) < 0n);
  if (isNumberA !== isNumberB) return isNumberA ? -1 : 1;
  return Number(a > b) - Number(a < b);
}

function compare(a: Semver, b: Semver): number {
  for (const [index, number] of a.numbers.entries()) {
    const other = b.numbers[index] ?? 0n;
    if (number !== other) return number > other ? 1 : -1;
  }
  if (a.pre.length === 0 || b.pre.length === 0)
    return Number(a.pre.length === 0) - Number(b.pre.length === 0);
  for (const [index, part] of a.pre.entries()) {
    const other = b.pre[index];
    if (other === undefined) return 1;
    const order = comparePre(part, other);
    if (order !== 0) return order;
  }
  return a.pre.length < b.pre.length ? -1 : 0;
}

function semver(text: string): Semver {
  const version = parse(text);
  if (version === undefined) throw new RangeError(`${JSON.stringify(text)} is no semantic version`);
  return version;
}

/** `semver` and what can be asked of one. Source: k8s.io/apiserver/pkg/cel/library/semverlib.go */
export function addSemver(environment: Environment): void {
  const type = 'kubernetes.Semver';
  environment
    .registerType(type, { ctor: Semver, fields: {} })
    .registerFunction(`semver(string): ${type}`, (text: string) => semver(text), SYNC)
    .registerFunction(
      `semver(string, bool): ${type}`,
      (text: string, isNormalized: boolean) => semver(isNormalized ? normalized(text) : text),
      SYNC,
    )
    .registerFunction('isSemver(string): bool', (text: string) => parse(text) !== undefined, SYNC)
    .registerFunction(
      'isSemver(string, bool): bool',
      (text: string, isNormalized: boolean) => parse(isNormalized ? normalized(text) : text) !== undefined,
      SYNC,
    )
    .registerFunction(
      `${type}.compareTo(${type}): int`,
      (a: Semver, b: Semver) => BigInt(compare(a, b)),
      SYNC,
    )
    .registerFunction(
      `${type}.isGreaterThan(${type}): bool`,
      (a: Semver, b: Semver) => compare(a, b) > 0,
      SYNC,
    )
    .registerFunction(`${type}.isLessThan(${type}): bool`, (a: Semver, b: Semver) => compare(a, b) < 0, SYNC)
    .registerOperator(`${type} == ${type}`, (a: Semver, b: Semver) => compare(a, b) === 0);
  for (const [index, name] of ['major', 'minor', 'patch'].entries())
    environment.registerFunction(
      `${type}.${name}(): int`,
      ({ numbers }: Semver) => numbers[index] ?? 0n,
      SYNC,
    );
}
