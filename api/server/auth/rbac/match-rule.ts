import type { Attributes } from '../authorize.ts';
import type { PolicyRule } from './policy-rule.ts';

/** Whether a URL of a rule, which may end with `*`, takes in a path. */
export function urlCovers(url: string, path: string): boolean {
  if (url === path) return true;
  return url.endsWith('*') && path.startsWith(url.replace(/\*+$/, ''));
}

function includes(list: readonly string[], value: string): boolean {
  return list.includes('*') || list.includes(value);
}

function resourceMatches(resources: readonly string[], resource: string, subresource: string): boolean {
  if (subresource === '') return includes(resources, resource);
  return includes(resources, `${resource}/${subresource}`) || resources.includes(`*/${subresource}`);
}

/**
 * Whether a rule allows what is asked for. A rule for names allows nothing where no name is known, e.g. a create.
 * Source: k8s.io/kubernetes/pkg/apis/rbac/v1/evaluation_helpers.go
 */
export function ruleAllows(rule: PolicyRule, asked: Attributes): boolean {
  if (!includes(rule.verbs, asked.verb)) return false;
  const { path } = asked;
  if (path !== undefined) return rule.nonResourceURLs.some((url) => urlCovers(url, path));
  return (
    includes(rule.apiGroups, asked.group) &&
    resourceMatches(rule.resources, asked.resource, asked.subresource) &&
    (rule.resourceNames.length === 0 || rule.resourceNames.includes(asked.name))
  );
}
