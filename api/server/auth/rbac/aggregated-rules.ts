import { isRecord } from '../../../../crds/generate/json-record.ts';
import type { LabelSelector } from '../../../../crds/meta/label-selector.ts';
import type { ApiObject } from '../../../../crds/meta/meta.ts';
import { selectsLabels } from '../../selectors/object-selector.ts';

function selectorsOf(role: ApiObject): readonly LabelSelector[] | undefined {
  if (!isRecord(role.aggregationRule)) return undefined;
  const { clusterRoleSelectors } = role.aggregationRule;
  return Array.isArray(clusterRoleSelectors) ? clusterRoleSelectors.filter(isRecord) : [];
}

/**
 * The rules that an aggregated ClusterRole must have: those of all roles that its selectors take in, by name,
 * each rule once. Undefined for a role that aggregates nothing. Every replica comes to the same.
 * Source: k8s.io/kubernetes/pkg/controller/clusterroleaggregation
 */
export function aggregatedRules(
  role: ApiObject,
  roles: readonly ApiObject[],
): readonly unknown[] | undefined {
  const selectors = selectorsOf(role);
  if (selectors === undefined) return undefined;
  const rules = new Map<string, unknown>();
  for (const selector of selectors) {
    const chosen = roles.filter(
      ({ metadata }) =>
        metadata.name !== role.metadata.name && selectsLabels(selector, metadata.labels ?? {}),
    );
    for (const { rules: own } of chosen.toSorted((a, b) =>
      (a.metadata.name ?? '') < (b.metadata.name ?? '') ? -1 : 1,
    )) {
      for (const rule of Array.isArray(own) ? own : []) {
        const identity = JSON.stringify(rule);
        if (!rules.has(identity)) rules.set(identity, rule);
      }
    }
  }
  return [...rules.values()];
}
