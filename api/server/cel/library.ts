import { Environment } from '@marcbachmann/cel-js';
import { addQuantities } from './quantities.ts';

const SYNC = { async: false };

type Comparable = bigint | number | string | boolean;

function extreme(
  list: readonly Comparable[],
  isBetter: (a: Comparable, b: Comparable) => boolean,
): Comparable {
  const [first, ...rest] = list;
  if (first === undefined) throw new RangeError('min/max called on empty list');
  return rest.reduce((best, each) => (isBetter(each, best) ? each : best), first);
}

function addLists(environment: Environment): void {
  for (const type of ['int', 'double', 'string', 'bool']) {
    const list = `list<${type}>`;
    environment
      .registerFunction(
        `${list}.isSorted(): bool`,
        (items: Comparable[]) => items.every((item, at) => at === 0 || (items[at - 1] ?? item) <= item),
        SYNC,
      )
      .registerFunction(
        `${list}.min(): ${type}`,
        (items: Comparable[]) => extreme(items, (a, b) => a < b),
        SYNC,
      )
      .registerFunction(
        `${list}.max(): ${type}`,
        (items: Comparable[]) => extreme(items, (a, b) => a > b),
        SYNC,
      )
      .registerFunction(
        `${list}.indexOf(${type}): int`,
        (items: Comparable[], item: Comparable) => BigInt(items.indexOf(item)),
        SYNC,
      )
      .registerFunction(
        `${list}.lastIndexOf(${type}): int`,
        (items: Comparable[], item: Comparable) => BigInt(items.lastIndexOf(item)),
        SYNC,
      );
  }
  environment
    .registerFunction('list<int>.sum(): int', (items: bigint[]) => items.reduce((a, b) => a + b, 0n), SYNC)
    .registerFunction(
      'list<double>.sum(): double',
      (items: number[]) => items.reduce((a, b) => a + b, 0),
      SYNC,
    );
}

function addStrings(environment: Environment): void {
  environment
    .registerFunction(
      'string.charAt(int): string',
      (text: string, at: bigint) => {
        if (at < 0n || at > BigInt(text.length)) throw new RangeError(`index out of range: ${at}`);
        return text.charAt(Number(at));
      },
      SYNC,
    )
    .registerFunction(
      'string.replace(string, string): string',
      (text: string, from: string, to: string) => text.replaceAll(from, () => to),
      SYNC,
    );
}

class SetsNamespace {}

function addSets(environment: Environment): void {
  environment.registerType('SetsNamespace', SetsNamespace);
  environment.registerConstant('sets', 'SetsNamespace', new SetsNamespace());
  for (const type of ['int', 'string']) {
    const add = (name: string, holds: (a: ReadonlySet<Comparable>, b: ReadonlySet<Comparable>) => boolean) =>
      environment.registerFunction(
        `SetsNamespace.${name}(list<${type}>, list<${type}>): bool`,
        (_: SetsNamespace, a: Comparable[], b: Comparable[]) => holds(new Set(a), new Set(b)),
        SYNC,
      );
    add('contains', (a, b) => b.isSubsetOf(a));
    add('equivalent', (a, b) => b.isSubsetOf(a) && a.isSubsetOf(b));
    add('intersects', (a, b) => !a.isDisjointFrom(b));
  }
}

/** The language of rules: CEL with optionals, and Kubernetes' list, string, set, quantity and URL functions. */
export function createEnvironment(): Environment {
  const environment = new Environment({ enableOptionalTypes: true, homogeneousAggregateLiterals: false });
  addLists(environment);
  addStrings(environment);
  addSets(environment);
  addQuantities(environment);
  return environment.registerFunction('isURL(string): bool', (text: string) => URL.canParse(text), SYNC);
}
