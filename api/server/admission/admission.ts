import { HOLT_GROUP, type ResourceInfo } from '../../../crds/meta/resource-definition.ts';
import { customResourceDefinitionRule } from '../customresources/validate-crd.ts';
import type { FieldError } from '../schema/structural.ts';
import { admissionBindings } from './admission-bindings.ts';
import { admissionPolicies } from './admission-policies.ts';
import { configData } from './config-data.ts';
import { containerJob } from './container-job.ts';
import { containerSource } from './container-source.ts';
import { immutableFields } from './immutable-fields.ts';
import { leastSizes } from './least-sizes.ts';
import { policyRules } from './policy-rules.ts';
import { providerKeys } from './provider-keys.ts';
import { resourceQuotas } from './resource-quotas.ts';
import { roleBindings } from './role-bindings.ts';
import type { AdmissionInput, AdmissionRule } from './rule.ts';
import { secretTypes } from './secret-types.ts';
import { services } from './services.ts';
import { volumeGrowth } from './volume-growth.ts';

/** By built-in kinds. */
const BUILT_IN_RULES: readonly AdmissionRule[] = [
  immutableFields,
  configData,
  secretTypes,
  policyRules,
  roleBindings,
  resourceQuotas,
  customResourceDefinitionRule,
  services,
  admissionPolicies,
  admissionBindings,
  providerKeys,
];
/** By kinds of Holt's own; other people's may have the same names in their groups. */
const HOLT_RULES: readonly AdmissionRule[] = [
  immutableFields,
  leastSizes,
  volumeGrowth,
  containerSource,
  containerJob,
  providerKeys,
];

function rulesFor({ group, builtIn }: Pick<ResourceInfo, 'group' | 'builtIn'>): readonly AdmissionRule[] {
  if (builtIn) return BUILT_IN_RULES;
  return group === HOLT_GROUP ? HOLT_RULES : [];
}

/** Everything that is wrong with a schema-valid object, by field. */
export function admit(input: AdmissionInput): readonly FieldError[] {
  return rulesFor(input.definition).flatMap((rule) => rule(input));
}
