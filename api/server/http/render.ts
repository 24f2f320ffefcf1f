import { stringify as toYaml } from 'yaml';
import type { JsonRecord } from '../../../crds/generate/json-record.ts';
import type { ApiObject } from '../../../crds/meta/meta.ts';
import { listKindOf } from '../../../crds/meta/resource-definition.ts';
import { type IncludeObject, toTable } from '../printing/table.ts';
import { encodeProtobuf, ProtobufError } from '../protobuf/codec.ts';
import type { ListResult } from '../read/list.ts';
import type { Answer, RenderedAnswer } from './answer.ts';
import { badRequest, notAcceptable } from './errors.ts';
import { JSON_TYPE, negotiate, PROTOBUF_TYPE, type Representation, YAML_TYPE } from './media-type.ts';
import type { Resource } from './resource.ts';
import type { StatusError } from './status-error.ts';

const SEPARATOR = Buffer.from(',');
const LIST_END = Buffer.from(']}\n');
const NEWLINE = Buffer.from('\n');

/** How much of each object a Table row carries. @throws StatusError 400 */
export function includeObjectOf(query: URLSearchParams): IncludeObject {
  const value = query.get('includeObject') || 'Metadata';
  if (value !== 'None' && value !== 'Metadata' && value !== 'Object') {
    throw badRequest(
      `includeObject: Unsupported value: ${JSON.stringify(value)}: supported values: "None", "Metadata", "Object"`,
    );
  }
  return value;
}

/** An object's metadata alone, for clients that watch many kinds and look at names only. */
export function toPartialMetadata(object: ApiObject): JsonRecord {
  return { kind: 'PartialObjectMetadata', apiVersion: 'meta.k8s.io/v1', metadata: object.metadata };
}

/** The list's JSON, put together from the objects' bytes without parsing them. */
function listJson({ definition, apiVersion }: Resource, list: ListResult): Buffer {
  const head = JSON.stringify({ kind: listKindOf(definition), apiVersion, metadata: list.metadata });
  const parts: Buffer[] = [Buffer.from(`${head.slice(0, -1)},"items":[`)];
  for (const [index, stored] of list.items.entries()) {
    if (index > 0) parts.push(SEPARATOR);
    parts.push(...stored.jsonParts());
  }
  parts.push(LIST_END);
  return Buffer.concat(parts);
}

function listObject({ definition, apiVersion }: Resource, list: ListResult): JsonRecord {
  const items = list.items.map((stored) => stored.object);
  return { kind: listKindOf(definition), apiVersion, metadata: list.metadata, items };
}

/** A JSON object in the negotiated encoding. @throws StatusError 406 where it has no protobuf form */
function encode(code: number, object: JsonRecord, { encoding }: Representation): RenderedAnswer {
  if (encoding === 'yaml') return { code, contentType: YAML_TYPE, body: toYaml(object) };
  if (encoding === 'json') return { code, contentType: JSON_TYPE, body: `${JSON.stringify(object)}\n` };
  try {
    const body = encodeProtobuf(object);
    if (body !== undefined) return { code, contentType: PROTOBUF_TYPE, body };
  } catch (error) {
    // Stored before a field's type was checked: JSON still carries it.
    if (!(error instanceof ProtobufError)) throw error;
  }
  throw notAcceptable([JSON_TYPE, YAML_TYPE]);
}

function renderShaped(
  answer: Extract<Answer, { kind: 'stored' | 'list' }>,
  options: RenderOptions,
): JsonRecord {
  const objects =
    answer.kind === 'list' ? answer.list.items.map((stored) => stored.object) : [answer.stored.object];
  const metadata =
    answer.kind === 'list' ? answer.list.metadata : { resourceVersion: String(answer.stored.modRevision) };
  if (options.shape === 'Table') {
    return {
      ...toTable(answer.resource.definition, objects, {
        listMeta: metadata,
        includeObject: includeObjectOf(options.query),
        nowMs: options.nowMs,
      }),
    };
  }
  const items = objects.map(toPartialMetadata);
  if (answer.kind === 'stored') return items[0] ?? {};
  return { kind: 'PartialObjectMetadataList', apiVersion: 'meta.k8s.io/v1', metadata, items };
}

interface RenderOptions {
  readonly shape: Representation['shape'];
  readonly query: URLSearchParams;
  readonly nowMs: number;
}

export interface RenderRequest {
  readonly accept: string | undefined;
  readonly query: URLSearchParams;
  readonly nowMs: number;
}

/**
 * The answer in the representation that the client likes best.
 * @throws StatusError 406
 */
export function renderAnswer(
  answer: Exclude<Answer, { kind: 'streamed' }>,
  request: RenderRequest,
): RenderedAnswer {
  if (answer.kind === 'raw') return answer;
  if (answer.kind === 'plain') {
    return encode(answer.code, answer.object, negotiate(request.accept, { protobuf: true, shapes: false }));
  }
  const { builtIn } = answer.resource.definition;
  const representation = negotiate(request.accept, { protobuf: builtIn, shapes: true });
  const code = answer.kind === 'stored' ? answer.code : 200;
  if (representation.shape !== 'object') {
    const options = { shape: representation.shape, query: request.query, nowMs: request.nowMs };
    return encode(code, renderShaped(answer, options), representation);
  }
  if (representation.encoding !== 'json') {
    const object = answer.kind === 'list' ? listObject(answer.resource, answer.list) : answer.stored.object;
    return encode(code, object, representation);
  }
  const body =
    answer.kind === 'list'
      ? listJson(answer.resource, answer.list)
      : Buffer.concat([...answer.stored.jsonParts(), NEWLINE]);
  return { code, contentType: JSON_TYPE, body };
}

/** A Status; JSON where the client would take nothing else that fits, since an error must reach it. */
function renderStatus(status: JsonRecord, code: number, accept: string | undefined): RenderedAnswer {
  try {
    return encode(code, status, negotiate(accept, { protobuf: true, shapes: false }));
  } catch {
    return { code, contentType: JSON_TYPE, body: `${JSON.stringify(status)}\n` };
  }
}

/** An error as it is told: a Status, or text where upstream has text. */
export function renderError(error: StatusError, accept: string | undefined): RenderedAnswer {
  if (error.plainText === undefined) return renderStatus(error.toStatus(), error.code, accept);
  const headers = { 'x-content-type-options': 'nosniff' };
  return { code: error.code, contentType: 'text/plain; charset=utf-8', body: error.plainText, headers };
}
