import { isRecord, type JsonRecord } from '../../../../crds/generate/json-record.ts';
import type { ApiObject } from '../../../../crds/meta/meta.ts';

function texts(value: unknown): readonly string[] {
  return Array.isArray(value) ? value.map(String) : [];
}

function fulfils(requirement: JsonRecord, labels: Readonly<Record<string, string>>): boolean {
  const key = String(requirement.key);
  const value = Object.hasOwn(labels, key) ? labels[key] : undefined;
  const values = texts(requirement.values);
  switch (requirement.operator) {
    case 'In':
      return value !== undefined && values.includes(value);
    case 'NotIn':
      return value === undefined || !values.includes(value);
    case 'Exists':
      return value !== undefined;
    case 'DoesNotExist':
      return value === undefined;
    default:
      return false;
  }
}

/** metav1.LabelSelector: one that asks for nothing takes in everything. */
function selects(selector: JsonRecord, labels: Readonly<Record<string, string>>): boolean {
  const equal = Object.entries(isRecord(selector.matchLabels) ? selector.matchLabels : {});
  const expressions = Array.isArray(selector.matchExpressions) ? selector.matchExpressions : [];
  return (
    equal.every(([key, value]) => Object.hasOwn(labels, key) && labels[key] === value) &&
    expressions.every((requirement) => isRecord(requirement) && fulfils(requirement, labels))
  );
}

function selectorsOf(role: ApiObject): readonly JsonRecord[] | undefined {
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
      ({ metadata }) => metadata.name !== role.metadata.name && selects(selector, metadata.labels ?? {}),
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
