import type { JsonRecord } from '../../../crds/generate/json-record.ts';
import { decodeBody } from '../http/decode-body.ts';
import { badRequest } from '../http/errors.ts';
import { JSON_TYPE, mediaTypeOf, YAML_TYPE } from '../http/media-type.ts';
import type { FieldValidation } from '../schema/structural.ts';
import { yamlDuplicates } from './yaml-duplicates.ts';

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
  if (duplicates.length === 0 || fieldValidation === 'Ignore') return { config: object, warnings: [] };
  const problems = yamlDuplicates(body.toString());
  if (fieldValidation === 'Warn') return { config: object, warnings: problems };
  const lines = problems.map((problem) => `  ${problem}`).join('\n');
  throw badRequest(
    `error strict decoding patch: error converting YAML to JSON: yaml: unmarshal errors:\n${lines}`,
  );
}
