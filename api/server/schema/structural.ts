import { isRecord, type JsonRecord } from '../../../crds/generate/json-record.ts';
import { structuralSchemaOf } from '../../../crds/generate/structural-schema.ts';
import type { ResourceDefinition } from '../../../crds/meta/resource-definition.ts';
import { applyDefaults } from './apply-defaults.ts';
import type { FieldError } from './field-error.ts';
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
}

/**
 * Prepares the validation of a kind, from its JSON schema alone.
 * @throws TypeError when the kind's schema has no structural form
 */
export function compileSchema(definition: ResourceDefinition): CompiledSchema {
  const schema = wholeObjectSchema(structuralSchemaOf(definition.schema));
  return {
    validate(object, { fieldValidation }) {
      const { value, unknownFields } = prune(object, schema);
      if (!isRecord(value)) {
        const detail = `must be an object of kind ${definition.kind}`;
        return {
          object: {},
          errors: [{ field: '', type: 'FieldValueTypeInvalid', value, detail }],
          warnings: [],
        };
      }
      applyDefaults(value, schema);
      const typeErrors = validateValue(value, schema, '');
      const metadataSound = !typeErrors.some((error) => /^metadata\b/.test(error.field));
      const metadata = metadataSound
        ? validateMetadata(definition, asMetadata(value.metadata))
        : { errors: [], warnings: [] };
      const unknown = unknownFields.map((field) => ({
        field,
        text: `unknown field ${JSON.stringify(field)}`,
      }));
      const unknownErrors = unknown.map(
        ({ field, text }): FieldError => ({ field, type: 'unknown', detail: text }),
      );
      return {
        object: value,
        errors: [...(fieldValidation === 'Strict' ? unknownErrors : []), ...metadata.errors, ...typeErrors],
        warnings: [
          ...(fieldValidation === 'Warn' ? unknown.map(({ text }) => text) : []),
          ...metadata.warnings,
        ],
      };
    },
  };
}
