import { AUDIT_LEVELS, type AuditLevel, type AuditRule } from '../../../lib/audit-rule.ts';
import type { User } from '../auth/user.ts';
import type { RequestInfo } from '../http/request-info.ts';

/** Bodies that hold secrets or tokens are never written, whatever the rules say. */
const METADATA_ONLY: ReadonlySet<string> = new Set([
  '/secrets',
  '/serviceaccounts/token',
  'authentication.k8s.io/tokenreviews',
]);

function isAmong(names: readonly string[] | undefined, name: string): boolean {
  return names === undefined || names.length === 0 || names.includes(name);
}

function resourceFits(pattern: string, { resource, subresource }: RequestInfo): boolean {
  const combined = subresource === '' ? resource : `${resource}/${subresource}`;
  if (pattern === '*' || pattern === combined) return true;
  if (pattern.startsWith('*/')) return subresource !== '' && pattern.slice(2) === subresource;
  return pattern.endsWith('/*') && pattern.slice(0, -2) === resource;
}

function matchesResource({ namespaces, resources = [] }: AuditRule, info: RequestInfo): boolean {
  if (!info.isResource || !isAmong(namespaces, info.namespace)) return false;
  if (resources.length === 0) return true;
  return resources.some(
    (one) =>
      one.group === info.group &&
      isAmong(one.resourceNames, info.name) &&
      (one.resources === undefined ||
        one.resources.length === 0 ||
        one.resources.some((pattern) => resourceFits(pattern, info))),
  );
}

function matchesPath(patterns: readonly string[], { isResource, path }: RequestInfo): boolean {
  if (isResource) return false;
  return patterns.some((pattern) =>
    pattern.endsWith('*') ? path.startsWith(pattern.slice(0, -1)) : path === pattern,
  );
}

function matches(rule: AuditRule, user: User | undefined, info: RequestInfo): boolean {
  if (!isAmong(rule.users, user?.name ?? '')) return false;
  const { userGroups = [] } = rule;
  if (userGroups.length > 0 && !userGroups.some((group) => user?.groups.includes(group))) return false;
  if (!isAmong(rule.verbs, info.verb)) return false;
  if ((rule.resources?.length ?? 0) > 0 || (rule.namespaces?.length ?? 0) > 0)
    return matchesResource(rule, info);
  if ((rule.nonResourceURLs?.length ?? 0) > 0) return matchesPath(rule.nonResourceURLs ?? [], info);
  return true;
}

function isMetadataOnly({ group, resource, subresource }: RequestInfo): boolean {
  const whole = `${group}/${resource}`;
  return METADATA_ONLY.has(whole) || METADATA_ONLY.has(`${whole}/${subresource}`);
}

/**
 * How much is written of a request: the first rule that matches says it.
 * Source: k8s.io/apiserver/pkg/audit/policy/checker.go
 */
export function auditLevel(
  rules: readonly AuditRule[],
  user: User | undefined,
  info: RequestInfo,
): AuditLevel {
  const level = rules.find((rule) => matches(rule, user, info))?.level ?? 'None';
  return isMetadataOnly(info) && AUDIT_LEVELS.indexOf(level) > 1 ? 'Metadata' : level;
}
