import { z } from 'zod';
import type { ObjectMeta } from '../meta/meta.ts';

/** rbac.authorization.k8s.io/v1; field by field as k8s.io/api/rbac/v1. */
export const RBAC_GROUP = 'rbac.authorization.k8s.io';

export const policyRuleSchema = z.object({
  verbs: z.array(z.string()).meta(atomic()).describe('Verbs; "*" for all.'),
  apiGroups: z
    .array(z.string())
    .optional()
    .meta(atomic())
    .describe('API groups; "" is the core group, "*" all.'),
  resources: z
    .array(z.string())
    .optional()
    .meta(atomic())
    .describe('Plural names, "<plural>/<subresource>", "*/<subresource>" or "*".'),
  resourceNames: z.array(z.string()).optional().meta(atomic()).describe('Names; empty: all.'),
  nonResourceURLs: z
    .array(z.string())
    .optional()
    .meta(atomic())
    .describe('Paths; "*" only as the last part.'),
});

export const roleRefSchema = z.object({
  apiGroup: z.string().describe('rbac.authorization.k8s.io.'),
  kind: z.string().describe('Role or ClusterRole.'),
  name: z.string().describe('Its name.'),
});

export const subjectSchema = z.object({
  kind: z.string().describe('User, Group or ServiceAccount.'),
  apiGroup: z.string().optional().describe('"" for ServiceAccount, else rbac.authorization.k8s.io.'),
  name: z.string().describe('Its name.'),
  namespace: z.string().optional().describe("A service account's namespace."),
});

export const labelSelectorSchema = z.object({
  matchLabels: z.record(z.string(), z.string()).optional(),
  matchExpressions: z
    .array(
      z.object({
        key: z.string(),
        operator: z.string(),
        values: z.array(z.string()).optional().meta(atomic()),
      }),
    )
    .optional()
    .meta(atomic()),
});

export type PolicyRule = z.infer<typeof policyRuleSchema>;
export type RoleRef = z.infer<typeof roleRefSchema>;
export type Subject = z.infer<typeof subjectSchema>;
export type LabelSelector = z.infer<typeof labelSelectorSchema>;

interface RbacObject<Kind extends string> {
  apiVersion: 'rbac.authorization.k8s.io/v1';
  kind: Kind;
  metadata: ObjectMeta;
  [field: string]: unknown;
}

export interface Role extends RbacObject<'Role'> {
  rules?: PolicyRule[] | null;
}

export interface ClusterRole extends RbacObject<'ClusterRole'> {
  rules?: PolicyRule[] | null;
  aggregationRule?: { clusterRoleSelectors?: LabelSelector[] | undefined };
}

export interface RoleBinding extends RbacObject<'RoleBinding'> {
  subjects?: Subject[];
  roleRef: RoleRef;
}

export interface ClusterRoleBinding extends RbacObject<'ClusterRoleBinding'> {
  subjects?: Subject[];
  roleRef: RoleRef;
}

function atomic() {
  return { 'x-kubernetes-list-type': 'atomic' } as const;
}
