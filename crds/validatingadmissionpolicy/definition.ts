import { z } from 'zod';
import { ADMISSION_GROUP, matchResourcesSchema } from '../meta/admission.ts';
import type { ObjectMeta } from '../meta/meta.ts';
import type { ResourceDefinition } from '../meta/resource-definition.ts';
import { timestamp } from '../meta/timestamp.ts';

const byName = { 'x-kubernetes-list-type': 'map', 'x-kubernetes-list-map-keys': ['name'] } as const;
const atomic = { 'x-kubernetes-list-type': 'atomic' } as const;

const validation = z.object({
  expression: z.string().describe('CEL that must be true for the write to pass.'),
  message: z.string().optional().describe('What the writer is told where it is not.'),
  reason: z.string().optional().describe('Invalid, Forbidden or RequestEntityTooLarge.'),
  messageExpression: z.string().optional().describe('CEL that gives the message; goes before message.'),
});

const spec = z.object({
  paramKind: z
    .object({ apiVersion: z.string().optional(), kind: z.string().optional() })
    .meta({ 'x-kubernetes-map-type': 'atomic' })
    .optional()
    .describe('The kind of the objects that the policy takes parameters from.'),
  matchConstraints: matchResourcesSchema.optional().describe('The writes that the policy is about.'),
  validations: z.array(validation).meta(atomic).optional().describe('What must hold.'),
  failurePolicy: z
    .string()
    .optional()
    .describe('What becomes of a write where an expression fails: Fail or Ignore.'),
  auditAnnotations: z
    .array(
      z.object({
        key: z.string().describe('The annotation is POLICY/KEY.'),
        valueExpression: z.string().describe('CEL that gives a string, or null for none.'),
      }),
    )
    .meta(atomic)
    .optional()
    .describe('What the audit is told of the write.'),
  matchConditions: z
    .array(z.object({ name: z.string(), expression: z.string() }))
    .meta(byName)
    .optional()
    .describe('CEL that must be true for the policy to be about a write.'),
  variables: z
    .array(z.object({ name: z.string(), expression: z.string() }))
    .meta(byName)
    .optional()
    .describe('CEL that later expressions use as variables.NAME; evaluated when it is first used.'),
});

const status = z.object({
  observedGeneration: z.int().optional().describe('The generation that this was found out for.'),
  typeChecking: z
    .object({
      expressionWarnings: z
        .array(z.object({ fieldRef: z.string(), warning: z.string() }))
        .meta(atomic)
        .optional(),
    })
    .optional()
    .describe('What does not fit the types of the resources that the policy names.'),
  conditions: z
    .array(
      z.object({
        type: z.string(),
        status: z.string(),
        observedGeneration: z.int().optional(),
        lastTransitionTime: timestamp.nullable(),
        reason: z.string(),
        message: z.string(),
      }),
    )
    .meta({ 'x-kubernetes-list-type': 'map', 'x-kubernetes-list-map-keys': ['type'] })
    .optional(),
});

export type PolicySpec = z.infer<typeof spec>;
export type PolicyStatus = z.infer<typeof status>;

/** admissionregistration/v1 ValidatingAdmissionPolicy. */
export interface ValidatingAdmissionPolicy {
  apiVersion: 'admissionregistration.k8s.io/v1';
  kind: 'ValidatingAdmissionPolicy';
  metadata: ObjectMeta;
  spec?: PolicySpec;
  status?: PolicyStatus;
  [field: string]: unknown;
}

export const validatingAdmissionPolicyDefinition: ResourceDefinition = {
  group: ADMISSION_GROUP,
  version: 'v1',
  kind: 'ValidatingAdmissionPolicy',
  plural: 'validatingadmissionpolicies',
  singular: 'validatingadmissionpolicy',
  shortNames: [],
  categories: ['api-extensions'],
  namespaced: false,
  hasStatus: true,
  hasGeneration: true,
  builtIn: true,
  description: 'What must hold for a write to pass, once it is bound.',
  schema: z.object({ spec: spec.optional(), status: status.optional() }),
  selectableFields: [],
  immutableFields: [],
  printerColumns: [],
};
