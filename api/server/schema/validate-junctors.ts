import type { StructuralSchema } from '../../../crds/generate/structural-schema.ts';
import type { FieldError } from './field-error.ts';
import { validateValue } from './validate-value.ts';

/** What allOf, anyOf, oneOf and not demand of a value, in the words of kube-openapi's validation. */
export function validateJunctors(value: unknown, schema: StructuralSchema, path: string): FieldError[] {
  const { allOf = [], anyOf, oneOf, not } = schema;
  const passes = (branch: StructuralSchema) => validateValue(value, branch, path).length === 0;
  const errors = allOf.flatMap((branch) => validateValue(value, branch, path));
  const refuse = (detail: string) => errors.push({ field: path, type: 'FieldValueInvalid', value, detail });
  const [first, ...more] = anyOf ?? [];
  if (first !== undefined && ![first, ...more].some(passes)) {
    // The reasons of the only branch say more than that none fits.
    if (more.length === 0) errors.push(...validateValue(value, first, path));
    refuse('must validate at least one schema (anyOf)');
  }
  if (oneOf !== undefined) {
    const count = oneOf.filter(passes).length;
    if (count !== 1) {
      const found = count === 0 ? 'found none valid' : `found ${count} valid alternatives`;
      refuse(`must validate one and only one schema (oneOf). ${found[0]?.toUpperCase()}${found.slice(1)}`);
    }
  }
  if (not !== undefined && passes(not)) refuse('must not validate the schema (not)');
  return errors;
}
