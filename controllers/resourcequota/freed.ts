import { type Change, keyOf, type Lister } from '../../api/client/index.ts';
import type { ApiObject } from '../../crds/meta/meta.ts';
import type { ResourceQuota } from '../../crds/resourcequota/definition.ts';
import {
  amountNames,
  amountTaken,
  type KindName,
  trackedResource,
} from '../../crds/resourcequota/tracked-resources.ts';

/** Quotas by their namespace. */
const QUOTAS_BY_NAMESPACE = 'quotas-by-namespace';

export const quotaIndexers = {
  [QUOTAS_BY_NAMESPACE]: ({ metadata }: ApiObject) => [metadata.namespace ?? ''],
};

/** Whether less is taken than before. What is taken more was charged with the write that took it. */
export function frees(kind: KindName, { old, new: current }: Change<ApiObject>): boolean {
  if (old === undefined) return false;
  if (current === undefined) return true;
  return amountNames(kind).some(
    (name) => amountTaken(name, kind, current).compareTo(amountTaken(name, kind, old)) < 0n,
  );
}

/** The kinds whose objects a quota counts, or sums the sizes of. */
export function kindsOf({ spec }: ResourceQuota): KindName[] {
  return Object.keys(spec?.hard ?? {}).flatMap((name) => trackedResource(name)?.kind ?? []);
}

/** The keys of the quotas that count objects of a kind: of one namespace, or of all. */
export function quotasCounting(
  quotas: Lister<ResourceQuota>,
  { group, plural }: KindName,
  namespace?: string,
): string[] {
  const found = namespace === undefined ? quotas.list() : quotas.byIndex(QUOTAS_BY_NAMESPACE, namespace);
  return found
    .filter((quota) => kindsOf(quota).some((kind) => kind.group === group && kind.plural === plural))
    .map((quota) => keyOf(quota));
}
