import type { IncomingMessage } from 'node:http';
import { isRecord } from '../../../crds/generate/json-record.ts';
import { answerReview } from '../auth/reviews.ts';
import type { User } from '../auth/user.ts';
import { discoveryResponse } from '../discovery/discovery.ts';
import { openApiResponse } from '../openapi/openapi.ts';
import type { Answer } from './answer.ts';
import type { ServerContext } from './context.ts';
import { decodeBody } from './decode-body.ts';
import { answerHealth } from './health.ts';
import { readBody } from './read-body.ts';
import { VERSION } from './version.ts';

const HEALTH_PATHS: ReadonlySet<string> = new Set(['/livez', '/readyz', '/healthz']);

/** What anybody may ask without a certificate; undefined for other paths. */
export async function answerAnonymous(
  context: ServerContext,
  request: IncomingMessage,
  path: string,
  query: URLSearchParams,
): Promise<Answer | undefined> {
  if (request.method !== 'GET' && request.method !== 'HEAD') return undefined;
  if (HEALTH_PATHS.has(path)) return answerHealth(context, path, query);
  return path === '/version' ? { kind: 'plain', code: 200, object: { ...VERSION } } : undefined;
}

function answerDocument(context: ServerContext, request: IncomingMessage, path: string): Answer | undefined {
  const { accept } = request.headers;
  const { definitions } = context.catalog;
  const openApi = openApiResponse(path, accept, definitions);
  if (openApi !== undefined) {
    const { contentType, body, etag } = openApi;
    const headers = { etag, vary: 'Accept' };
    const isKnown = request.headers['if-none-match'] === etag;
    return isKnown
      ? { kind: 'raw', code: 304, contentType, body: '', headers }
      : { kind: 'raw', code: 200, contentType, body, headers };
  }
  const discovery = discoveryResponse(path, accept, definitions);
  return discovery === undefined
    ? undefined
    : { kind: 'raw', code: 200, headers: { vary: 'Accept' }, ...discovery };
}

/** Documents, metrics and reviews, for users with a certificate; undefined for other paths. */
export async function answerNonResource(
  context: ServerContext,
  request: IncomingMessage,
  path: string,
  user: User,
): Promise<Answer | undefined> {
  if (request.method === 'POST' && /^\/apis\/(authorization|authentication)\.k8s\.io\//.test(path)) {
    const { object } = decodeBody(await readBody(request), request.headers['content-type']);
    const review = answerReview(path, user, isRecord(object) ? object : {}, context.authorize);
    return review === undefined ? undefined : { kind: 'plain', code: 201, object: review };
  }
  if (request.method !== 'GET' && request.method !== 'HEAD') return undefined;
  if (path === '/metrics') {
    const { registry } = context.metrics;
    return { kind: 'raw', code: 200, contentType: registry.contentType, body: await registry.metrics() };
  }
  return answerDocument(context, request, path);
}
