import type { FieldError } from '../schema/structural.ts';
import { configData } from './config-data.ts';
import { containerSource } from './container-source.ts';
import { immutableFields } from './immutable-fields.ts';
import { leastSizes } from './least-sizes.ts';
import { policyRules } from './policy-rules.ts';
import { resourceQuotas } from './resource-quotas.ts';
import { roleBindings } from './role-bindings.ts';
import type { AdmissionInput, AdmissionRule } from './rule.ts';
import { secretTypes } from './secret-types.ts';
import { volumeGrowth } from './volume-growth.ts';

const RULES: readonly AdmissionRule[] = [
  immutableFields,
  configData,
  secretTypes,
  policyRules,
  roleBindings,
  resourceQuotas,
  leastSizes,
  volumeGrowth,
  containerSource,
];

/** Everything that is wrong with a schema-valid object, by field. */
export function admit(input: AdmissionInput): readonly FieldError[] {
  return RULES.flatMap((rule) => rule(input));
}
