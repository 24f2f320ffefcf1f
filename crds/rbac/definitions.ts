import { z } from 'zod';
import type { PrinterColumn, ResourceDefinition } from '../meta/resource-definition.ts';
import { labelSelectorSchema, policyRuleSchema, RBAC_GROUP, roleRefSchema, subjectSchema } from './types.ts';

const rules = z
  .array(policyRuleSchema)
  .nullable()
  .optional()
  .meta({ 'x-kubernetes-list-type': 'atomic' })
  .describe('What is allowed.');

const subjects = z
  .array(subjectSchema)
  .optional()
  .meta({ 'x-kubernetes-list-type': 'atomic' })
  .describe('To whom.');

const CREATED_AT: PrinterColumn = {
  name: 'Created At',
  type: 'string',
  jsonPath: '.metadata.creationTimestamp',
  description: 'When it was created',
};

const BINDING_COLUMNS: readonly PrinterColumn[] = [
  { name: 'Age', type: 'date', jsonPath: '.metadata.creationTimestamp', description: 'Since its creation' },
];

/** What the four kinds have in common. */
function definition(
  kind: string,
  own: Pick<
    ResourceDefinition,
    'namespaced' | 'description' | 'schema' | 'immutableFields' | 'printerColumns'
  >,
): ResourceDefinition {
  const singular = kind.toLowerCase();
  return {
    group: RBAC_GROUP,
    version: 'v1',
    kind,
    plural: `${singular}s`,
    singular,
    shortNames: [],
    categories: [],
    hasStatus: false,
    builtIn: true,
    selectableFields: [],
    ...own,
  };
}

export const roleDefinition = definition('Role', {
  namespaced: true,
  description: 'What may be done in a namespace.',
  schema: z.object({ rules }),
  immutableFields: [],
  printerColumns: [CREATED_AT],
});

export const clusterRoleDefinition = definition('ClusterRole', {
  namespaced: false,
  description: 'What may be done in all namespaces, or wherever it is bound.',
  schema: z.object({
    rules,
    aggregationRule: z
      .object({ clusterRoleSelectors: z.array(labelSelectorSchema).optional() })
      .optional()
      .describe('Take the rules from the ClusterRoles that these select.'),
  }),
  immutableFields: [],
  printerColumns: [CREATED_AT],
});

export const roleBindingDefinition = definition('RoleBinding', {
  namespaced: true,
  description: 'Gives a role to subjects, in its own namespace.',
  schema: z.object({ subjects, roleRef: roleRefSchema }),
  immutableFields: ['roleRef'],
  printerColumns: BINDING_COLUMNS,
});

export const clusterRoleBindingDefinition = definition('ClusterRoleBinding', {
  namespaced: false,
  description: 'Gives a ClusterRole to subjects, everywhere.',
  schema: z.object({ subjects, roleRef: roleRefSchema }),
  immutableFields: ['roleRef'],
  printerColumns: BINDING_COLUMNS,
});
