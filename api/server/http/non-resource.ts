import type { IncomingMessage } from 'node:http';
import { requireAccess } from '../auth/forbidden.ts';
import { pathAttributes } from '../auth/request-attributes.ts';
import { answerReview, findReview } from '../auth/reviews/reviews.ts';
import {
  CONFIGURATION_PATH,
  JWKS_PATH,
  jsonWebKeySet,
  openIdConfiguration,
} from '../auth/service-account/issuer-documents.ts';
import type { User } from '../auth/user.ts';
import { discoveryResponse } from '../discovery/discovery.ts';
import { openApiResponse } from '../openapi/openapi.ts';
import { isCacheCurrent } from '../read/cache-currency.ts';
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

/** What verifiers of service-account tokens read; undefined for other paths. */
function answerIssuerDocument(
  { tokenIssuer }: ServerContext,
  { socket }: IncomingMessage,
  path: string,
): Answer | undefined {
  if (tokenIssuer === undefined) return undefined;
  const headers = { 'cache-control': 'public, max-age=3600' };
  if (path === JWKS_PATH) {
    const body = JSON.stringify(jsonWebKeySet(tokenIssuer.keys()));
    return { kind: 'raw', code: 200, contentType: 'application/jwk-set+json', body, headers };
  }
  if (path !== CONFIGURATION_PATH) return undefined;
  const jwksUri = `https://${socket.localAddress}:${socket.localPort}${JWKS_PATH}`;
  const body = JSON.stringify(openIdConfiguration(tokenIssuer.issuer, jwksUri, tokenIssuer.keys()));
  return { kind: 'raw', code: 200, contentType: 'application/json', body, headers };
}

/** Paths below a group's version name resources; all others are authorised as what they are: paths. */
const RESOURCE_PATH = /^\/(?:api\/[^/]+|apis\/[^/]+\/[^/]+)\/[^/]/;

/** Documents, metrics and reviews, for users who may have them; undefined for other paths. */
export async function answerNonResource(
  context: ServerContext,
  request: IncomingMessage,
  path: string,
  user: User,
): Promise<Answer | undefined> {
  const { authorize, rules } = context;
  const review = request.method === 'POST' ? findReview(path) : undefined;
  if (review !== undefined) {
    const { reviewToken } = context.authenticator;
    const asked = { user, authorize, rules, reviewToken, nowMs: context.clock.nowMs() };
    const { object } = decodeBody(await readBody(request), request.headers['content-type']);
    return { kind: 'plain', code: 201, object: await answerReview(review, object, asked) };
  }
  if (RESOURCE_PATH.test(path)) return undefined;
  requireAccess(authorize, pathAttributes(user, request.method ?? '', path));
  if (request.method !== 'GET' && request.method !== 'HEAD') return undefined;
  if (path === '/metrics') {
    const { registry } = context.metrics;
    return { kind: 'raw', code: 200, contentType: registry.contentType, body: await registry.metrics() };
  }
  if (/^\/(apis|openapi)(\/|$)/.test(path)) await isCacheCurrent(context);
  return answerIssuerDocument(context, request, path) ?? answerDocument(context, request, path);
}
