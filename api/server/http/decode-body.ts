import { isRecord, type JsonRecord } from '../../../crds/generate/json-record.ts';
import { decodeProtobuf, ProtobufError } from '../protobuf/codec.ts';
import { duplicateFields } from '../schema/duplicate-fields.ts';
import type { FieldError, FieldValidation } from '../schema/structural.ts';
import { badRequest, unsupportedMediaType } from './errors.ts';
import { JSON_TYPE, mediaTypeOf, PROTOBUF_TYPE, YAML_TYPE } from './media-type.ts';
import { parseYamlText } from './parse-yaml.ts';

export interface DecodedBody {
  readonly object: JsonRecord;
  /** Fields that were given twice. */
  readonly duplicates: readonly FieldError[];
}

function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}

function decodeJson(body: Buffer): { value: unknown; duplicates: FieldError[] } {
  const text = body.toString();
  try {
    return { value: JSON.parse(text), duplicates: duplicateFields(text) };
  } catch (error) {
    throw badRequest(`the body is not JSON: ${messageOf(error)}`);
  }
}

function decodeYaml(body: Buffer): { value: unknown; duplicates: FieldError[] } {
  const { value, duplicates } = parseYamlText(body.toString(), 'the body');
  return { value, duplicates: duplicates.map((detail) => ({ field: '', type: 'unknown', detail })) };
}

function decodeProtobufBody(body: Buffer): { value: unknown; duplicates: FieldError[] } {
  try {
    return { value: decodeProtobuf(body), duplicates: [] };
  } catch (error) {
    if (error instanceof ProtobufError) throw badRequest(error.message);
    throw error;
  }
}

const DECODERS: ReadonlyMap<string, typeof decodeJson> = new Map([
  ['', decodeJson],
  ['*/*', decodeJson],
  [JSON_TYPE, decodeJson],
  [YAML_TYPE, decodeYaml],
  [PROTOBUF_TYPE, decodeProtobufBody],
]);

/**
 * The object in a request body.
 * @throws StatusError 415 for another media type, 400 for a body that is not what it claims to be
 */
export function decodeBody(body: Buffer, contentType: string | undefined): DecodedBody {
  const type = mediaTypeOf(contentType);
  const decode = DECODERS.get(type);
  if (decode === undefined) {
    throw unsupportedMediaType(
      `the body of the request was in an unknown format - accepted media types include: ${JSON_TYPE}, ${YAML_TYPE}, ${PROTOBUF_TYPE}`,
    );
  }
  const { value, duplicates } = decode(body);
  if (!isRecord(value)) throw badRequest('the body must be one object');
  return { object: value, duplicates };
}

/** What fields given twice amount to: an error under Strict, warnings under Warn. */
export function judgeDuplicates(
  duplicates: readonly FieldError[],
  fieldValidation: FieldValidation,
): { errors: readonly FieldError[]; warnings: readonly string[] } {
  return {
    errors: fieldValidation === 'Strict' ? duplicates : [],
    warnings: fieldValidation === 'Warn' ? duplicates.map((duplicate) => duplicate.detail) : [],
  };
}
