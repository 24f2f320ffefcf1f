import { isDeepStrictEqual } from 'node:util';
import { isRecord, type JsonRecord } from '../../../../crds/generate/json-record.ts';
import type { ApiObject } from '../../../../crds/meta/meta.ts';
import type { BootstrapBinding, BootstrapRole } from './bootstrap-rule.ts';
import { RBAC_GROUP, roleRefOf, rulesOf, subjectsOf } from './policy-rule.ts';
import { uncoveredRules } from './rule-coverage.ts';

/** Set to `false` on a bootstrap object, it keeps the server from mending it. */
export const AUTOUPDATE_ANNOTATION = `${RBAC_GROUP}/autoupdate`;

const LABELS = { 'kubernetes.io/bootstrapping': 'rbac-defaults' };
const ANNOTATIONS = { [AUTOUPDATE_ANNOTATION]: 'true' };

function metadataOf(name: string, labels: Readonly<Record<string, string>> = {}) {
  return { name, labels: { ...LABELS, ...labels }, annotations: { ...ANNOTATIONS } };
}

/** The ClusterRole as it is made. */
export function clusterRoleOf({ name, labels, rules, aggregates }: BootstrapRole): ApiObject {
  return {
    apiVersion: `${RBAC_GROUP}/v1`,
    kind: 'ClusterRole',
    metadata: metadataOf(name, labels),
    rules: rules.map((rule) => ({ ...rule })),
    ...(aggregates === undefined
      ? {}
      : { aggregationRule: { clusterRoleSelectors: [{ matchLabels: { [aggregates]: 'true' } }] } }),
  };
}

/** The ClusterRoleBinding or RoleBinding as it is made. */
export function bindingOf({ name, role, namespace, users = [], groups = [] }: BootstrapBinding): ApiObject {
  const subject = (kind: string) => (who: string) => ({ kind, apiGroup: RBAC_GROUP, name: who });
  return {
    apiVersion: `${RBAC_GROUP}/v1`,
    kind: namespace === undefined ? 'ClusterRoleBinding' : 'RoleBinding',
    metadata: { ...metadataOf(name), ...(namespace === undefined ? {} : { namespace }) },
    roleRef: { apiGroup: RBAC_GROUP, kind: 'ClusterRole', name: role ?? name },
    subjects: [...users.map(subject('User')), ...groups.map(subject('Group'))],
  };
}

function isProtected({ metadata }: ApiObject): boolean {
  return metadata.annotations?.[AUTOUPDATE_ANNOTATION] === 'false';
}

function withMetadata(current: ApiObject, wanted: ApiObject): ApiObject {
  const { labels, annotations } = current.metadata;
  const metadata = {
    ...current.metadata,
    labels: { ...labels, ...wanted.metadata.labels },
    annotations: { ...annotations, ...wanted.metadata.annotations },
  };
  return { ...current, metadata };
}

function list(value: unknown): readonly unknown[] {
  return Array.isArray(value) ? value : [];
}

/** The role with what it lacks of the wanted one; what somebody added stays. An aggregated role's rules are left. */
function mendedRole(current: ApiObject, wanted: ApiObject): ApiObject {
  const next = withMetadata(current, wanted);
  if (isRecord(wanted.aggregationRule)) return { ...next, aggregationRule: wanted.aggregationRule };
  const owned = rulesOf(current);
  const lacking = list(wanted.rules).filter(
    (rule) => isRecord(rule) && uncoveredRules(owned, rulesOf({ rules: [rule] })).length > 0,
  );
  return lacking.length === 0 ? next : { ...next, rules: [...list(current.rules), ...lacking] };
}

function mendedBinding(current: ApiObject, wanted: ApiObject): ApiObject {
  const known = subjectsOf(current);
  const isKnown = subjectsOf(wanted).map((subject) => known.some((one) => isDeepStrictEqual(one, subject)));
  const lacking = list(wanted.subjects).filter((_, index) => isKnown[index] !== true);
  return { ...withMetadata(current, wanted), subjects: [...list(current.subjects), ...lacking] };
}

/** What is to be done so that a bootstrap object is as it should be. Pure. */
export type BootstrapPlan =
  | { readonly action: 'none' }
  | { readonly action: 'create' }
  /** A roleRef cannot be changed: the binding is made anew. */
  | { readonly action: 'replace' }
  | { readonly action: 'update'; readonly next: JsonRecord };

/**
 * Source: k8s.io/component-helpers/auth/rbac/reconciliation/reconcile_{role,rolebindings}.go
 * @param current undefined where there is none
 */
export function planBootstrap(current: ApiObject | undefined, wanted: ApiObject): BootstrapPlan {
  if (current === undefined) return { action: 'create' };
  if (isProtected(current)) return { action: 'none' };
  const isBinding = wanted.kind !== 'ClusterRole';
  if (isBinding && !isDeepStrictEqual(roleRefOf(current), roleRefOf(wanted))) return { action: 'replace' };
  const next = isBinding ? mendedBinding(current, wanted) : mendedRole(current, wanted);
  return isDeepStrictEqual(next, current) ? { action: 'none' } : { action: 'update', next };
}

/** Whether an object that a release made long ago is still only that: nobody took it out of the server's care. */
export function isRetirable(object: ApiObject): boolean {
  const { labels = {} } = object.metadata;
  return Object.entries(LABELS).every(([key, value]) => labels[key] === value) && !isProtected(object);
}
