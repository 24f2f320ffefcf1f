import type { JsonRecord } from '../../../crds/generate/json-record.ts';
import { decodeBody, judgeDuplicates } from '../http/decode-body.ts';
import { badRequest } from '../http/errors.ts';
import { JSON_TYPE, mediaTypeOf, YAML_TYPE } from '../http/media-type.ts';
import type { FieldValidation } from '../schema/structural.ts';

/** Media type of server-side apply. */
export const APPLY_TYPE = 'application/apply-patch+yaml';

export function isApplyPatch(contentType: string | undefined): boolean {
  return mediaTypeOf(contentType) === APPLY_TYPE;
}

/** YAML has JSON in it, but JSON is read much faster as such; kubectl and client-go send it. */
function decode(body: Buffer) {
  if (/^\s*\{/.test(body.subarray(0, 64).toString())) {
    try {
      return decodeBody(body, JSON_TYPE);
    } catch {
      // YAML in flow style begins with a brace too.
    }
  }
  return decodeBody(body, YAML_TYPE);
}

/**
 * The configuration that is applied.
 * @throws StatusError 400 for a body that is none, or under Strict gives a field twice
 */
export function parseApplyConfig(
  body: Buffer,
  fieldValidation: FieldValidation,
): { config: JsonRecord; warnings: readonly string[] } {
  const { object, duplicates } = decode(body);
  const { errors, warnings } = judgeDuplicates(duplicates, fieldValidation);
  if (errors.length > 0) {
    throw badRequest(`error strict decoding patch: ${errors.map(({ detail }) => detail).join(', ')}`);
  }
  return { config: object, warnings };
}
