import { z } from 'zod';
import type { PrinterColumn } from './resource-definition.ts';

/** The API group of the RBAC kinds. */
export const RBAC_GROUP = 'rbac.authorization.k8s.io';

/** rbac/v1 PolicyRule: verbs on resources or, in a ClusterRole, on paths. `*` stands for all. */
export const policyRuleSchema = z.object({
  verbs: z.array(z.string()).optional().describe('What may be done; * is everything.'),
  apiGroups: z.array(z.string()).optional().describe('Groups of the resources; "" is the core group.'),
  resources: z.array(z.string()).optional().describe('Resources, e.g. secrets or uservms/status.'),
  resourceNames: z.array(z.string()).optional().describe('Names of objects; none: all of them.'),
  nonResourceURLs: z.array(z.string()).optional().describe('Paths such as /metrics or /api/*.'),
});

/** The rules of a role; none are allowed. */
export const policyRulesSchema = z
  .array(policyRuleSchema)
  .meta({ 'x-kubernetes-list-type': 'atomic' })
  .optional()
  .describe('What the role allows.');

/** rbac/v1 Subject: who is given the role. */
export const subjectSchema = z.object({
  kind: z.string().optional().describe('User, Group or ServiceAccount.'),
  apiGroup: z.string().optional().describe('The group of the kind; "" for a ServiceAccount.'),
  name: z.string().optional().describe('Its name.'),
  namespace: z.string().optional().describe('Where a ServiceAccount is.'),
});

/** rbac/v1 RoleRef: the role that is given. */
export const roleRefSchema = z.object({
  apiGroup: z.string().optional().describe(`Always ${RBAC_GROUP}.`),
  kind: z.string().optional().describe('Role or ClusterRole.'),
  name: z.string().optional().describe('Its name.'),
});

/** The fields of both kinds of bindings. */
export const bindingFields = {
  subjects: z
    .array(subjectSchema)
    .meta({ 'x-kubernetes-list-type': 'atomic' })
    .optional()
    .describe('Who is given the role.'),
  roleRef: roleRefSchema.optional().describe('The role that is given; never changes.'),
};

export interface PolicyRule {
  verbs: string[];
  apiGroups?: string[];
  resources?: string[];
  resourceNames?: string[];
  nonResourceURLs?: string[];
}

export interface Subject {
  kind: string;
  apiGroup?: string;
  name: string;
  namespace?: string;
}

export interface RoleRef {
  apiGroup: string;
  kind: string;
  name: string;
}

/** `Created At` instead of an age, as `kubectl get` shows it for roles. */
export const CREATED_AT_COLUMN: PrinterColumn = {
  name: 'Created At',
  type: 'string',
  jsonPath: '.metadata.creationTimestamp',
  description: 'When it was created',
};
