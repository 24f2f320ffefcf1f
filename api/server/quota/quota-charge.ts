import { isScoped, type ResourceQuota } from '../../../crds/resourcequota/definition.ts';
import {
  type Amounts,
  describeAmounts,
  formatAmounts,
  parseAmounts,
} from '../../../crds/resourcequota/resource-list.ts';
import { ExactQuantity } from '../../../lib/exact-quantity.ts';

/** How much more a write takes of the resource of a name. */
export type Requested = (name: string) => ExactQuantity;

/** What of a write a quota limits; empty where it has nothing to say. */
export function requestedOf(quota: ResourceQuota, requested: Requested): Amounts {
  const amounts = new Map<string, ExactQuantity>();
  if (isScoped(quota)) return amounts;
  for (const name of Object.keys(quota.spec?.hard ?? {})) {
    const amount = requested(name);
    if (!amount.isZero) amounts.set(name, amount);
  }
  return amounts;
}

/** What the quota says is used of what it limits. */
export function usedOf({ spec, status }: ResourceQuota): Amounts {
  const limited = new Set(Object.keys(spec?.hard ?? {}));
  return new Map([...parseAmounts(status?.used)].filter(([name]) => limited.has(name)));
}

export function sumOf(used: Amounts, requested: Amounts): Amounts {
  const sum = new Map(used);
  for (const [name, amount] of requested) sum.set(name, (used.get(name) ?? ExactQuantity.zero).plus(amount));
  return sum;
}

function only(amounts: Amounts, names: readonly string[]): Amounts {
  return new Map(
    names.flatMap((name) => {
      const amount = amounts.get(name);
      return amount === undefined ? [] : [[name, amount] as const];
    }),
  );
}

/**
 * Why a quota refuses a write; undefined where it fits. Nothing is said of limits that the write asks nothing of.
 * Source: CheckRequest in apiserver/pkg/admission/plugin/resourcequota/controller.go
 */
export function exceedance(quota: ResourceQuota, used: Amounts, requested: Amounts): string | undefined {
  const hard = parseAmounts(quota.spec?.hard);
  const sum = sumOf(used, requested);
  const exceeded = [...requested.keys()].filter((name) => {
    const limit = hard.get(name);
    return limit !== undefined && (sum.get(name)?.compareTo(limit) ?? 0n) > 0n;
  });
  if (exceeded.length === 0) return undefined;
  const told = (amounts: Amounts) => describeAmounts(only(amounts, exceeded));
  return `exceeded quota: ${quota.metadata.name}, requested: ${told(requested)}, used: ${told(used)}, limited: ${told(hard)}`;
}

/** The quota's status once so much is used. */
export function statusOf({ spec }: ResourceQuota, used: Amounts): NonNullable<ResourceQuota['status']> {
  return { hard: { ...spec?.hard }, used: formatAmounts(used) };
}
