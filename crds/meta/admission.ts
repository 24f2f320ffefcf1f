import { z } from 'zod';
import { labelSelectorSchema } from './label-selector.ts';

/** The API group of policies that writes are asked about. */
export const ADMISSION_GROUP = 'admissionregistration.k8s.io';

const atomic = { 'x-kubernetes-list-type': 'atomic' } as const;
const names = z.array(z.string()).meta(atomic).optional();

/** NamedRuleWithOperations: a write fulfils it that every one of its lists takes in. */
const resourceRuleSchema = z.object({
  resourceNames: names.describe('Names of objects; none: all of them.'),
  operations: names.describe('CREATE, UPDATE, DELETE, CONNECT or *.'),
  apiGroups: names.describe('Groups of the resources; "" is the core group.'),
  apiVersions: names.describe('Versions of the resources.'),
  resources: names.describe('Resources, e.g. configmaps, uservms/status or */*.'),
  scope: z.string().optional().describe('Cluster, Namespaced or *.'),
});

/** MatchResources: the writes that a policy, or a binding of one, is about. */
export const matchResourcesSchema = z.object({
  namespaceSelector: labelSelectorSchema.optional().describe('Labels of the namespace.'),
  objectSelector: labelSelectorSchema.optional().describe('Labels of the object, as it is or as it was.'),
  resourceRules: z
    .array(resourceRuleSchema)
    .meta(atomic)
    .optional()
    .describe('What it is about: any one of these.'),
  excludeResourceRules: z
    .array(resourceRuleSchema)
    .meta(atomic)
    .optional()
    .describe('What it is not about all the same.'),
  matchPolicy: z.string().optional().describe('Equivalent: in whatever version it is written. Or Exact.'),
});

export type ResourceRule = z.infer<typeof resourceRuleSchema>;
export type MatchResources = z.infer<typeof matchResourcesSchema>;
