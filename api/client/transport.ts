import { context, propagation } from '@opentelemetry/api';
import { Agent, type Dispatcher, request as undiciRequest } from 'undici';
import { noteWork } from '../../lib/telemetry.ts';
import { ApiError, ApiUnreachableError, toApiError } from './api-error.ts';
import type { ApiConnection } from './kubeconfig.ts';

export interface ApiRequest {
  readonly method: 'GET' | 'POST' | 'PUT' | 'PATCH' | 'DELETE';
  readonly path: string;
  readonly query?: Readonly<Record<string, string | number | boolean | undefined>>;
  readonly body?: unknown;
  readonly contentType?: string;
  /** Default `application/json`. */
  readonly accept?: string | undefined;
  readonly headers?: Readonly<Record<string, string>>;
  readonly signal?: AbortSignal | undefined;
  /** For the whole answer; default 30,000. Streams have it for the answer's head only. */
  readonly timeoutMs?: number | undefined;
}

/** HTTP to the API server. Both functions reject with ApiError outside 2xx and ApiUnreachableError without an answer. */
export interface Transport {
  /** The answer's parsed JSON. */
  send(request: ApiRequest): Promise<unknown>;
  /** The answer's body as it arrives. Ends with the response, rejects when it is cut. */
  stream(request: ApiRequest): Promise<AsyncIterable<Uint8Array>>;
  close(): Promise<void>;
}

const DEFAULT_TIMEOUT_MS = 30_000;

/** Requests share a small keep-alive pool; each watch has a connection of its own, so that none waits behind one. */
export function createTransport(connection: ApiConnection, options: { userAgent?: string } = {}): Transport {
  const connect = {
    // One connection a watch: a stream must not share its flow control with others.
    allowH2: false,
    timeout: 10_000,
    keepAlive: true,
    keepAliveInitialDelay: 15_000,
    ...(connection.ca === undefined ? {} : { ca: connection.ca }),
    ...(connection.cert === undefined ? {} : { cert: connection.cert }),
    ...(connection.key === undefined ? {} : { key: connection.key }),
    ...(connection.serverName === undefined ? {} : { servername: connection.serverName }),
    ...(connection.rejectUnauthorized === undefined
      ? {}
      : { rejectUnauthorized: connection.rejectUnauthorized }),
  };
  const requests = new Agent({ connect, connections: 16, keepAliveTimeout: 30_000, pipelining: 1 });
  const streams = new Agent({ connect, keepAliveTimeout: 1_000, pipelining: 1, bodyTimeout: 0 });
  const start = (dispatcher: Dispatcher, request: ApiRequest, signal: AbortSignal) => {
    const headers: Record<string, string> = {
      accept: request.accept ?? 'application/json',
      'user-agent': options.userAgent ?? 'holt',
      ...connection.headers,
      ...request.headers,
    };
    if (request.method !== 'GET') noteWork();
    propagation.inject(context.active(), headers);
    if (request.body !== undefined) headers['content-type'] = request.contentType ?? 'application/json';
    return undiciRequest(`${connection.server}${request.path}${formatQuery(request.query)}`, {
      dispatcher,
      method: request.method,
      headers,
      signal,
      headersTimeout: request.timeoutMs ?? DEFAULT_TIMEOUT_MS,
      ...(request.body === undefined ? {} : { body: JSON.stringify(request.body) }),
    });
  };
  return {
    send: (request) =>
      guard(request, async () => {
        const timeout = AbortSignal.timeout(request.timeoutMs ?? DEFAULT_TIMEOUT_MS);
        const signal = request.signal === undefined ? timeout : AbortSignal.any([request.signal, timeout]);
        const answer = await start(requests, request, signal);
        return readAnswer(request, answer);
      }),
    stream: (request) =>
      guard(request, async () => {
        const answer = await start(streams, request, request.signal ?? new AbortController().signal);
        if (answer.statusCode >= 300) await readAnswer(request, answer);
        return guardChunks(request, answer.body);
      }),
    close: async () => {
      await Promise.all([requests.destroy(), streams.destroy()]);
    },
  };
}

async function readAnswer(request: ApiRequest, answer: Dispatcher.ResponseData): Promise<unknown> {
  const text = await answer.body.text();
  const body = parseJson(text);
  if (answer.statusCode >= 300) throw toApiError(describe(request), answer.statusCode, body);
  return body;
}

/** An error page of something in between is text: it is kept for the message. */
function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return text;
  }
}

function describe(request: ApiRequest): string {
  return `${request.method} ${request.path}`;
}

async function guard<T>(request: ApiRequest, work: () => Promise<T>): Promise<T> {
  try {
    return await work();
  } catch (error) {
    throw classify(request, error);
  }
}

async function* guardChunks(
  request: ApiRequest,
  chunks: AsyncIterable<Uint8Array>,
): AsyncGenerator<Uint8Array> {
  try {
    yield* chunks;
  } catch (error) {
    throw classify(request, error);
  }
}

/** The caller's own abort keeps its reason; everything else says what was attempted. */
function classify(request: ApiRequest, error: unknown): unknown {
  if (request.signal?.aborted) return request.signal.reason;
  return error instanceof ApiError ? error : new ApiUnreachableError(describe(request), error);
}

function formatQuery(query: ApiRequest['query']): string {
  const parameters = new URLSearchParams();
  for (const [name, value] of Object.entries(query ?? {})) {
    if (value !== undefined && value !== '') parameters.set(name, String(value));
  }
  const text = parameters.toString();
  return text === '' ? '' : `?${text}`;
}
