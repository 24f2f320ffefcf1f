import { isRecord, type JsonRecord } from '../../../crds/generate/json-record.ts';
import type { ApiObject } from '../../../crds/meta/meta.ts';
import { badRequest, unsupportedMediaType } from '../http/errors.ts';
import { mediaTypeOf } from '../http/media-type.ts';
import { parseYamlText } from '../http/parse-yaml.ts';
import type { Resource } from '../http/resource.ts';
import { APPLY_TYPE } from './apply-config.ts';
import { applyJsonPatch } from './json-patch.ts';
import { mergePatch } from './merge-patch.ts';
import { strategicMergePatch } from './strategic-merge-patch.ts';

const MERGE_TYPE = 'application/merge-patch+json';
const JSON_PATCH_TYPE = 'application/json-patch+json';
const STRATEGIC_TYPE = 'application/strategic-merge-patch+json';

/** Makes the new object from a copy of the present one. */
export type ApplyPatch = (current: ApiObject) => JsonRecord;

function parsePatch(body: Buffer): unknown {
  try {
    return JSON.parse(body.toString());
  } catch {
    // kubectl sends JSON; `kubectl patch` with a YAML patch is turned into JSON by it. curl users write YAML.
  }
  return parseYamlText(body.toString(), 'the patch').value;
}

function parseRecordPatch(body: Buffer): JsonRecord {
  const patch = parsePatch(body);
  if (!isRecord(patch)) throw badRequest('the patch must be an object');
  return patch;
}

/**
 * Reads a patch of any supported kind.
 * @throws StatusError 415 for other kinds, 400 for a patch that cannot be read
 */
export function parsePatchBody(
  resource: Resource,
  name: string,
  body: Buffer,
  contentType: string | undefined,
): ApplyPatch {
  const type = mediaTypeOf(contentType);
  if (type === MERGE_TYPE) {
    const patch = parseRecordPatch(body);
    return (current) => mergePatch(current, patch) as JsonRecord;
  }
  if (type === STRATEGIC_TYPE && resource.definition.builtIn) {
    const patch = parseRecordPatch(body);
    return (current) => strategicMergePatch(current, patch);
  }
  if (type === JSON_PATCH_TYPE) {
    const patch = parsePatch(body);
    return (current) => {
      applyJsonPatch(resource, name, current, patch);
      return current;
    };
  }
  const accepted = [
    JSON_PATCH_TYPE,
    MERGE_TYPE,
    ...(resource.definition.builtIn ? [STRATEGIC_TYPE] : []),
    APPLY_TYPE,
  ].join(', ');
  throw unsupportedMediaType(
    `the body of the request was in an unknown format - accepted media types include: ${accepted}`,
  );
}
