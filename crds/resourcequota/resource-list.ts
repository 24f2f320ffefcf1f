import { ExactQuantity } from '../../lib/exact-quantity.ts';

/** Amounts by name, as `spec.hard` and `status.used` hold them. */
export type ResourceList = Readonly<Record<string, string | number>>;

/** Amounts by name, to reckon with. */
export type Amounts = ReadonlyMap<string, ExactQuantity>;

/** What is no quantity is left out: it was stored before quantities were checked. */
export function parseAmounts(list: ResourceList = {}): Amounts {
  const amounts = new Map<string, ExactQuantity>();
  for (const [name, text] of Object.entries(list)) {
    const quantity = ExactQuantity.parse(String(text));
    if (quantity !== undefined) amounts.set(name, quantity);
  }
  return amounts;
}

/** In canonical form, in the order of the names. */
export function formatAmounts(amounts: Amounts): Record<string, string> {
  return Object.fromEntries([...amounts].sort(byName).map(([name, quantity]) => [name, quantity.toString()]));
}

/** `name=amount,...` in the order of the names, as messages have it. */
export function describeAmounts(amounts: Amounts): string {
  return Object.entries(formatAmounts(amounts))
    .map(([name, text]) => `${name}=${text}`)
    .join(',');
}

function byName([a]: readonly [string, unknown], [b]: readonly [string, unknown]): number {
  return a < b ? -1 : a > b ? 1 : 0;
}
