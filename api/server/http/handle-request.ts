import type { IncomingMessage, ServerResponse } from 'node:http';
import { AuditRecord } from '../audit/audit-record.ts';
import { requireAccess } from '../auth/forbidden.ts';
import { impersonate } from '../auth/impersonation.ts';
import { resourceAttributes } from '../auth/request-attributes.ts';
import type { User } from '../auth/user.ts';
import { streamOf } from '../connect/streams.ts';
import type { Upgrade } from '../connect/tunnel.ts';
import type { Release } from '../flow/priority-level.ts';
import type { Answer, RenderedAnswer } from './answer.ts';
import type { ServerContext } from './context.ts';
import { dispatch } from './dispatch.ts';
import { internalError, methodNotSupported, unauthorized } from './errors.ts';
import { answerAnonymous, answerNonResource } from './non-resource.ts';
import { withLayout } from './pretty-json.ts';
import { renderAnswer, renderError } from './render.ts';
import { deadlineMs, withDeadline } from './request-deadline.ts';
import { type RequestInfo, requestInfo } from './request-info.ts';
import { RequestRecord } from './request-record.ts';
import { servedPath } from './served-path.ts';
import { asStatusError } from './storage-status.ts';
import { traceWrite } from './trace-write.ts';
import { verbOf } from './verb.ts';

/** RFC 7234 `Warning` header value, as Kubernetes writes it. */
function warningHeader(text: string): string {
  const quoted = text.replace(/[^\t\x20-\x7e]/g, '?').replace(/[\\"]/g, '\\$&');
  return `299 - "${quoted}"`;
}

/** Watches, and streams of containers, take as long as their clients want. */
function isLongRunning({ verb, apiPath, subresource }: RequestInfo): boolean {
  const definition = apiPath?.target?.resource.definition;
  return verb === 'watch' || (definition !== undefined && streamOf(definition, subresource) !== undefined);
}

interface Exchange {
  readonly context: ServerContext;
  readonly request: IncomingMessage;
  readonly response: ServerResponse;
  readonly url: URL;
  readonly record: RequestRecord;
  readonly info: RequestInfo;
  readonly audit: AuditRecord;
  readonly upgrade: Upgrade | undefined;
}

async function answerResource(exchange: Exchange, user: User, release: Release): Promise<Answer> {
  const { context, request, response, url, record, audit } = exchange;
  const path = await servedPath(context, url.pathname, exchange.info.apiPath);
  const { target } = path;
  const { definition } = target.resource;
  const verb = verbOf(request.method ?? '', target, url.searchParams);
  const isStream = streamOf(definition, target.subresource) !== undefined;
  record.setTarget(isStream ? 'connect' : (verb ?? request.method ?? ''), path.plural, target);
  if (verb === undefined) throw methodNotSupported(definition, request.method ?? '');
  const authorize = audit.observe(context.authorize);
  const attributes = resourceAttributes(user, verb, target, url.searchParams);
  requireAccess(authorize, attributes);
  // A WebSocket begins with a GET, and does what a POST would: reading is not enough for it.
  const stream = streamOf(definition, target.subresource);
  if (stream !== undefined && stream !== 'log' && verb === 'get')
    requireAccess(authorize, { ...attributes, verb: 'create' });
  const warnings: string[] = [];
  const warn = (text: string) => {
    const header = warningHeader(text);
    if (warnings.includes(header)) return;
    warnings.push(header);
    if (!response.headersSent) response.setHeader('warning', warnings);
  };
  if (definition.deprecationWarning !== undefined) warn(definition.deprecationWarning);
  const { traceparent } = request.headers;
  const write = {
    method: request.method ?? '',
    plural: path.plural,
    target,
    user: user.name,
    traceparent: typeof traceparent === 'string' ? traceparent : undefined,
  };
  const onWatchOpen = () => {
    release();
    audit.started();
  };
  const api = {
    context,
    request,
    response,
    query: url.searchParams,
    user,
    target,
    warn,
    annotate: (key: string, value: string) => audit.annotate(key, value),
    onWatchOpen,
    upgrade: exchange.upgrade,
  };
  return traceWrite(write, () => dispatch(api, verb));
}

async function answer(exchange: Exchange): Promise<Answer> {
  const { context, request, response, url, record, audit } = exchange;
  const anonymous = await answerAnonymous(context, request, url.pathname, url.searchParams);
  if (anonymous !== undefined) return anonymous;
  const authenticated = await context.authenticator.authenticate(request);
  if (authenticated === undefined) throw unauthorized();
  record.user = authenticated.name;
  const user = impersonate(request, authenticated, context.authorize);
  audit.setUsers(authenticated, user);
  const release = await context.flow.admit(user, exchange.info, response);
  const observed = { ...context, authorize: audit.observe(context.authorize) };
  const other = await answerNonResource(observed, request, url.pathname, user);
  return other ?? answerResource(exchange, user, release);
}

/** The object of an answer, for the audit; documents have none. */
function objectOf(answer: Answer): unknown {
  if (answer.kind === 'plain') return answer.object;
  if (answer.kind === 'stored') return answer.stored.object;
  if (answer.kind !== 'list') return undefined;
  return { metadata: answer.list.metadata, items: answer.list.items.map((stored) => stored.object) };
}

/** The answer as bytes; any error as a Status. Defects are logged with their stack and told without it. */
async function rendered(exchange: Exchange): Promise<RenderedAnswer | undefined> {
  const { context, request, response, url, record, audit } = exchange;
  const { accept, 'user-agent': userAgent } = request.headers;
  const layout = { path: url.pathname, query: url.searchParams, userAgent };
  try {
    const timeoutMs = isLongRunning(exchange.info) ? undefined : deadlineMs(url.searchParams);
    const found = await (timeoutMs === undefined
      ? answer(exchange)
      : withDeadline(answer(exchange), timeoutMs));
    if (found.kind === 'streamed') return undefined;
    audit.setAnswer(() => objectOf(found));
    return withLayout(
      renderAnswer(found, { accept, query: url.searchParams, nowMs: context.clock.nowMs() }),
      layout,
    );
  } catch (error) {
    const known = asStatusError(error);
    if (known === undefined)
      context.logger.error({ err: error, path: url.pathname }, 'request failed by a defect');
    const status = known ?? internalError('see the log of holt-api');
    record.error = status.message;
    const object = status.toStatus();
    audit.setAnswer(() => object, object);
    const { retryAfterSeconds } = status.details ?? {};
    if (retryAfterSeconds !== undefined && !response.headersSent)
      response.setHeader('retry-after', String(retryAfterSeconds));
    return withLayout(renderError(status, accept), layout);
  }
}

/** Bytes of one write: so much is encrypted ahead of what the client takes. */
const SLICE_BYTES = 256 * 1024;

/** Writes a large body piece by piece, so that a slow client costs no second copy and its progress is seen. */
async function writeSlices(response: ServerResponse, body: Buffer): Promise<void> {
  let at = 0;
  for (; body.length - at > SLICE_BYTES && !response.destroyed; at += SLICE_BYTES) {
    if (response.write(body.subarray(at, at + SLICE_BYTES))) continue;
    await new Promise<void>((resolve) => {
      const go = () => {
        response.removeListener('drain', go);
        response.removeListener('close', go);
        resolve();
      };
      response.on('drain', go);
      response.on('close', go);
    });
  }
  if (!response.destroyed) response.end(body.subarray(at));
}

function send({ request, response }: Exchange, answer: RenderedAnswer): void {
  if (response.headersSent || response.destroyed) {
    response.destroy();
    return;
  }
  const body = typeof answer.body === 'string' ? Buffer.from(answer.body) : answer.body;
  response.writeHead(answer.code, {
    'content-type': answer.contentType,
    'cache-control': 'no-cache, private',
    ...(answer.code === 304 ? {} : { 'content-length': body.length }),
    // What is left of an unread body would be taken for the next request.
    ...(request.complete ? {} : { connection: 'close' }),
    ...answer.headers,
  });
  if (request.method === 'HEAD' || answer.code === 304) response.end();
  else void writeSlices(response, body);
}

/** Answers one HTTP request; never rejects. */
export async function handleRequest(
  context: ServerContext,
  request: IncomingMessage,
  response: ServerResponse,
  upgrade?: Upgrade,
): Promise<void> {
  const url = URL.parse(request.url ?? '/', 'https://holt') ?? new URL('https://holt/');
  const record = new RequestRecord(context, request, url.pathname);
  const info = requestInfo(request, url, context.catalog);
  const audit = new AuditRecord({
    audit: context.audit,
    clock: context.clock,
    request,
    response,
    info,
    onEvent: (level) => context.metrics.auditEvents.inc({ level }),
  });
  context.stalledClients.add(response);
  response.on('close', () => {
    record.finish(response);
    audit.finish();
  });
  const exchange = { context, request, response, url, record, info, audit, upgrade };
  const result = await rendered(exchange);
  if (result !== undefined) send(exchange, result);
}
