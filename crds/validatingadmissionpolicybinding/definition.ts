import { z } from 'zod';
import { ADMISSION_GROUP, matchResourcesSchema } from '../meta/admission.ts';
import { labelSelectorSchema } from '../meta/label-selector.ts';
import type { ObjectMeta } from '../meta/meta.ts';
import type { ResourceDefinition } from '../meta/resource-definition.ts';

const paramRef = z
  .object({
    name: z.string().optional().describe('The object with the parameters.'),
    namespace: z.string().optional().describe('Where it is; that of the written object by default.'),
    selector: labelSelectorSchema.optional().describe('Instead of a name: each that it selects.'),
    parameterNotFoundAction: z.string().optional().describe('Where there is none: Allow or Deny the write.'),
  })
  .meta({ 'x-kubernetes-map-type': 'atomic' });

const spec = z.object({
  policyName: z.string().optional().describe('The policy that comes into force by this.'),
  paramRef: paramRef.optional().describe('Where its parameters are.'),
  matchResources: matchResourcesSchema
    .optional()
    .describe('Of the writes that the policy is about only these.'),
  validationActions: z
    .array(z.string())
    .meta({ 'x-kubernetes-list-type': 'set' })
    .optional()
    .describe('What a failed validation leads to: Deny, Warn, Audit.'),
});

export type ParamRef = z.infer<typeof paramRef>;
export type BindingSpec = z.infer<typeof spec>;

/** admissionregistration/v1 ValidatingAdmissionPolicyBinding. */
export interface ValidatingAdmissionPolicyBinding {
  apiVersion: 'admissionregistration.k8s.io/v1';
  kind: 'ValidatingAdmissionPolicyBinding';
  metadata: ObjectMeta;
  spec?: BindingSpec;
  [field: string]: unknown;
}

export const validatingAdmissionPolicyBindingDefinition: ResourceDefinition = {
  group: ADMISSION_GROUP,
  version: 'v1',
  kind: 'ValidatingAdmissionPolicyBinding',
  plural: 'validatingadmissionpolicybindings',
  singular: 'validatingadmissionpolicybinding',
  shortNames: [],
  categories: ['api-extensions'],
  namespaced: false,
  hasStatus: false,
  hasGeneration: true,
  builtIn: true,
  description: 'Brings a ValidatingAdmissionPolicy into force.',
  schema: z.object({ spec: spec.optional() }),
  selectableFields: [],
  immutableFields: [],
  printerColumns: [],
};
