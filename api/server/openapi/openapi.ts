import { createHash } from 'node:crypto';
import type { AnyKind } from '../../../crds/generate/kind-schema.ts';
import { parseAccept } from '../discovery/accept.ts';
import { servedGroupVersions } from '../discovery/served-resource.ts';
import { kindComponents } from './kind-components.ts';
import { META_COMPONENTS } from './meta-components.ts';
import { pathsOf } from './operations.ts';
import { renderV2, swaggerJson } from './render-v2.ts';
import { renderV3 } from './render-v3.ts';
import { swaggerProtobuf } from './swagger-protobuf.ts';

export interface OpenApiResponse {
  readonly contentType: string;
  readonly body: string | Buffer;
  /** With its quotes, as the ETag header has it. */
  readonly etag: string;
}

/** Everything published for a set of kinds; made once, for it is large and changes only with them. */
interface Publication {
  readonly responses: ReadonlyMap<string, OpenApiResponse>;
  readonly v2Protobuf: OpenApiResponse;
}

const JSON_TYPE = 'application/json';
const V2_PROTOBUF_TYPE = 'application/com.github.proto-openapi.spec.v2.v1.0+protobuf';

/** What clients ask for; the older of the two has a character that no media type may have. */
const V2_PROTOBUF_REQUESTS: ReadonlySet<string> = new Set([
  V2_PROTOBUF_TYPE,
  'application/com.github.proto-openapi.spec.v2@v1.0+protobuf',
]);

const publications = new WeakMap<readonly AnyKind[], Publication>();

/**
 * The answer to a GET on `/openapi/v2`, `/openapi/v3` or a document below it; undefined for any other path.
 * A `?hash=` is ignored: the documents of one process do not change under an index that it gave out.
 */
export function openApiResponse(
  path: string,
  acceptHeader: string | undefined,
  definitions: readonly AnyKind[],
): OpenApiResponse | undefined {
  const [pathname = ''] = path.split('?');
  if (pathname !== '/openapi/v2' && !/^\/openapi\/v3(\/|$)/.test(pathname)) return undefined;
  let publication = publications.get(definitions);
  if (publication === undefined) {
    publication = publish(definitions);
    publications.set(definitions, publication);
  }
  if (pathname === '/openapi/v2' && wantsV2Protobuf(acceptHeader)) return publication.v2Protobuf;
  return publication.responses.get(pathname.replace(/\/$/, ''));
}

function wantsV2Protobuf(acceptHeader: string | undefined): boolean {
  const [best] = parseAccept(acceptHeader).filter(
    ({ type }) => type === JSON_TYPE || V2_PROTOBUF_REQUESTS.has(type),
  );
  return best !== undefined && V2_PROTOBUF_REQUESTS.has(best.type);
}

function publish(definitions: readonly AnyKind[]): Publication {
  const served = servedGroupVersions(definitions);
  const parts = served.map((groupVersion) => ({
    documentPath:
      groupVersion.group === '' ? `api/${groupVersion.version}` : `apis/${groupVersion.apiVersion}`,
    paths: pathsOf(groupVersion),
    components: kindComponents(definitions, groupVersion.group, groupVersion.version),
  }));
  const responses = new Map<string, OpenApiResponse>();
  const index: Record<string, { serverRelativeURL: string }> = {};
  for (const { documentPath, paths, components } of parts) {
    const response = jsonResponse(renderV3(paths, new Map([...components, ...META_COMPONENTS])));
    responses.set(`/openapi/v3/${documentPath}`, response);
    const hash = response.etag.replaceAll('"', '');
    index[documentPath] = { serverRelativeURL: `/openapi/v3/${documentPath}?hash=${hash}` };
  }
  responses.set('/openapi/v3', jsonResponse({ paths: index }));
  const allComponents = new Map([...parts.flatMap(({ components }) => [...components]), ...META_COMPONENTS]);
  const swagger = renderV2(
    parts.flatMap(({ paths }) => paths),
    allComponents,
  );
  responses.set('/openapi/v2', jsonResponse(swaggerJson(swagger)));
  return { responses, v2Protobuf: response(V2_PROTOBUF_TYPE, swaggerProtobuf(swagger)) };
}

function jsonResponse(document: unknown): OpenApiResponse {
  return response(JSON_TYPE, JSON.stringify(document));
}

function response(contentType: string, body: string | Buffer): OpenApiResponse {
  const hash = createHash('sha512').update(body).digest('hex').toUpperCase();
  return { contentType, body, etag: `"${hash}"` };
}
