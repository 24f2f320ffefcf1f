import type { FieldError } from '../schema/structural.ts';
import { containerSource } from './container-source.ts';
import { immutableFields } from './immutable-fields.ts';
import { leastSizes } from './least-sizes.ts';
import type { AdmissionInput, AdmissionRule } from './rule.ts';
import { volumeGrowth } from './volume-growth.ts';

const RULES: readonly AdmissionRule[] = [immutableFields, leastSizes, volumeGrowth, containerSource];

/** Everything that is wrong with a schema-valid object, by field. */
export function admit(input: AdmissionInput): readonly FieldError[] {
  return RULES.flatMap((rule) => rule(input));
}
