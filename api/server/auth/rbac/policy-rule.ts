import { isRecord, type JsonRecord } from '../../../../crds/generate/json-record.ts';
import type { StoredObject } from '../../../storage/stored-object.ts';

/** The API group of Role, ClusterRole, RoleBinding and ClusterRoleBinding. */
export const RBAC_GROUP = 'rbac.authorization.k8s.io';

/** rbac/v1 PolicyRule with every list there. */
export interface PolicyRule {
  readonly verbs: readonly string[];
  readonly apiGroups: readonly string[];
  readonly resources: readonly string[];
  readonly resourceNames: readonly string[];
  readonly nonResourceURLs: readonly string[];
}

/** rbac/v1 RoleRef. */
export interface RoleRef {
  readonly apiGroup: string;
  readonly kind: string;
  readonly name: string;
}

/** rbac/v1 Subject. */
export interface Subject {
  readonly kind: string;
  readonly name: string;
  /** Of a ServiceAccount; empty: the namespace of the binding. */
  readonly namespace: string;
}

function texts(value: unknown): readonly string[] {
  return Array.isArray(value) ? value.filter((one) => typeof one === 'string') : [];
}

function text(value: unknown): string {
  return typeof value === 'string' ? value : '';
}

function records(value: unknown): readonly JsonRecord[] {
  return Array.isArray(value) ? value.filter(isRecord) : [];
}

/** The rules of a role as it is stored; what is malformed grants nothing. */
export function rulesOf(role: { readonly [field: string]: unknown }): readonly PolicyRule[] {
  return records(role.rules).map((rule) => ({
    verbs: texts(rule.verbs),
    apiGroups: texts(rule.apiGroups),
    resources: texts(rule.resources),
    resourceNames: texts(rule.resourceNames),
    nonResourceURLs: texts(rule.nonResourceURLs),
  }));
}

/** The role that a binding names. */
export function roleRefOf(binding: { readonly [field: string]: unknown }): RoleRef {
  const ref = isRecord(binding.roleRef) ? binding.roleRef : {};
  return { apiGroup: text(ref.apiGroup), kind: text(ref.kind), name: text(ref.name) };
}

/** Whom a binding is for. */
export function subjectsOf(binding: { readonly [field: string]: unknown }): readonly Subject[] {
  return records(binding.subjects).map((subject) => ({
    kind: text(subject.kind),
    name: text(subject.name),
    namespace: text(subject.namespace),
  }));
}

const parsed = new WeakMap<StoredObject, readonly PolicyRule[]>();

/** The rules of one revision of a role, read once. */
export function storedRules(stored: StoredObject): readonly PolicyRule[] {
  const known = parsed.get(stored);
  if (known !== undefined) return known;
  const rules = rulesOf(stored.object);
  parsed.set(stored, rules);
  return rules;
}
