import { isRecord, type JsonRecord } from '../../../crds/generate/json-record.ts';
import { type AnyKind, kindSchemaOf } from '../../../crds/generate/kind-schema.ts';
import type { StructuralSchema } from '../../../crds/generate/structural-schema.ts';
import type { ResourceInfo } from '../../../crds/meta/resource-definition.ts';
import { compileRules } from '../cel/compile-rules.ts';
import { applyDefaults } from './apply-defaults.ts';
import type { FieldError } from './field-error.ts';
import { isNestedTooDeeply, NESTING_DEPTH_MAX } from './nesting.ts';
import { wholeObjectSchema } from './object-schema.ts';
import { prune } from './prune.ts';
import { asMetadata, validateMetadata } from './validate-metadata.ts';
import { validateValue } from './validate-value.ts';

export { type FieldError, type FieldErrorType, formatFieldErrors } from './field-error.ts';

/** What becomes of unknown fields: an error, a warning, or nothing said. They are pruned in any case. */
export type FieldValidation = 'Strict' | 'Warn' | 'Ignore';

export interface ValidationResult {
  /** A pruned and defaulted deep copy; not fit for storing where there are errors. */
  readonly object: JsonRecord;
  readonly errors: FieldError[];
  /** For `Warning` headers. */
  readonly warnings: string[];
}

export interface CompiledSchema {
  /** Prunes, defaults and validates an object as a client sent it. Never throws on bad input, never changes it. */
  validate(object: unknown, options: { fieldValidation: FieldValidation }): ValidationResult;
  /** Prunes and defaults an object that was stored, perhaps under an older schema. */
  read(object: JsonRecord): JsonRecord;
  /** Asks the rules in the schema (`x-kubernetes-validations`) about a valid object and what it replaces. */
  validateRules(object: JsonRecord, previous: JsonRecord | undefined): FieldError[];
}

/**
 * Prepares the validation of a kind from its schema.
 * @throws TypeError when the kind's schema has no structural form
 */
export function compileSchema(definition: AnyKind): CompiledSchema {
  const kindSchema = kindSchemaOf(definition);
  const schema = wholeObjectSchema(kindSchema);
  const rules = compileRules(kindSchema);
  return {
    validateRules: rules.validate,
    validate(object, options) {
      if (isNestedTooDeeply(object)) {
        return refused(`must not nest lists and objects deeper than ${NESTING_DEPTH_MAX} levels`);
      }
      const { value, unknownFields } = prune(object, schema);
      if (!isRecord(value)) return refused(`must be an object of kind ${definition.kind}`);
      applyDefaults(value, schema);
      return validatePruned(definition, schema, { object: value, unknownFields, ...options });
    },
    read(object) {
      const { value } = prune(object, schema);
      applyDefaults(value, schema);
      return isRecord(value) ? value : object;
    },
  };
}

/** For what is no object that could be validated. */
function refused(detail: string): ValidationResult {
  return {
    object: {},
    errors: [{ field: '', type: 'FieldValueTypeInvalid', value: null, detail }],
    warnings: [],
  };
}

interface PrunedObject {
  readonly object: JsonRecord;
  readonly unknownFields: readonly string[];
  readonly fieldValidation: FieldValidation;
}

function validatePruned(
  definition: ResourceInfo,
  schema: StructuralSchema,
  { object, unknownFields, fieldValidation }: PrunedObject,
): ValidationResult {
  const typeErrors = validateValue(object, schema, '');
  const metadataSound = !typeErrors.some((error) => /^metadata\b/.test(error.field));
  const metadata = metadataSound
    ? validateMetadata(definition, asMetadata(object.metadata))
    : { errors: [], warnings: [] };
  const unknown = unknownFields.map((field): FieldError => {
    return { field, type: 'unknown', detail: `unknown field ${JSON.stringify(field)}` };
  });
  return {
    object,
    errors: [...(fieldValidation === 'Strict' ? unknown : []), ...metadata.errors, ...typeErrors],
    warnings: [
      ...(fieldValidation === 'Warn' ? unknown.map(({ detail }) => detail) : []),
      ...metadata.warnings,
    ],
  };
}
