import type { ClusterRole } from '../../../crds/clusterrole/definition.ts';
import { type PolicyRule, RBAC_GROUP } from '../../../crds/meta/rbac.ts';
import type { Role } from '../../../crds/role/definition.ts';
import type { FieldError } from '../schema/structural.ts';
import { invalidValue, required } from './errors.ts';
import { selectorErrors } from './label-selectors.ts';
import type { AdmissionRule } from './rule.ts';

function ruleErrors(rule: Partial<PolicyRule>, isNamespaced: boolean, path: string): FieldError[] {
  const { verbs = [], apiGroups = [], resources = [], resourceNames = [], nonResourceURLs = [] } = rule;
  const errors =
    verbs.length === 0 ? [required(`${path}.verbs`, 'verbs must contain at least one value')] : [];
  if (nonResourceURLs.length > 0) {
    const field = `${path}.nonResourceURLs`;
    if (isNamespaced)
      errors.push(invalidValue(field, nonResourceURLs, 'namespaced rules cannot apply to non-resource URLs'));
    if (apiGroups.length + resources.length + resourceNames.length > 0) {
      const detail = 'rules cannot apply to both regular resources and non-resource URLs';
      errors.push(invalidValue(field, nonResourceURLs, detail));
    }
    return errors;
  }
  if (apiGroups.length === 0)
    errors.push(required(`${path}.apiGroups`, 'resource rules must supply at least one api group'));
  if (resources.length === 0)
    errors.push(required(`${path}.resources`, 'resource rules must supply at least one resource'));
  return errors;
}

function aggregationErrors({ aggregationRule }: ClusterRole): FieldError[] {
  if (aggregationRule === undefined) return [];
  const path = 'aggregationRule.clusterRoleSelectors';
  const { clusterRoleSelectors = [] } = aggregationRule;
  if (clusterRoleSelectors.length === 0) {
    return [required(path, 'at least one clusterRoleSelector required if aggregationRule is non-nil')];
  }
  return clusterRoleSelectors.flatMap((selector, index) => selectorErrors(selector, `${path}[${index}]`));
}

/** Rules and aggregation of roles. Source: kubernetes pkg/apis/rbac/validation/validation.go */
export const policyRules: AdmissionRule = ({ definition, object }) => {
  if (definition.group !== RBAC_GROUP || !/^(Cluster)?Role$/.test(definition.kind)) return [];
  const { rules = [] } = object as Role;
  return [
    ...rules.flatMap((rule, index) => ruleErrors(rule, definition.namespaced, `rules[${index}]`)),
    ...(definition.namespaced ? [] : aggregationErrors(object as ClusterRole)),
  ];
};
