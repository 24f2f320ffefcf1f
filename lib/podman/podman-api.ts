import type { IncomingMessage } from 'node:http';
import type { z } from 'zod';
import { httpOverVsock, openHttpOverVsock, type VsockAddress } from '../http-over-vsock.ts';
import { toPodmanError } from './podman-error.ts';

/** All paths are below it. Debian 12's podman 4.3.1 serves it, and so does every later 4.x and 5.x. */
const apiBase = '/v4.0.0/libpod';

export interface PodmanRequest {
  readonly method?: 'GET' | 'POST' | 'PUT' | 'DELETE' | 'HEAD';
  /** Below the libpod base, e.g. `/containers/json`. */
  readonly path: string;
  readonly query?: Readonly<Record<string, string | number | boolean | undefined>>;
  /** Sent as JSON; a Buffer goes as a tar archive. */
  readonly body?: unknown;
  readonly signal?: AbortSignal | undefined;
  /** Default 30,000: the service may have to start first. */
  readonly timeoutMs?: number;
}

/** Status codes besides 2xx that are an answer, not an error. */
export interface AnswerOptions {
  readonly accept?: readonly number[];
}

/** The path and query as they go out. */
export function podmanUrl(request: Pick<PodmanRequest, 'path' | 'query'>): string {
  const query = new URLSearchParams();
  for (const [name, value] of Object.entries(request.query ?? {})) {
    if (value !== undefined) query.set(name, String(value));
  }
  return `${apiBase}${request.path}${query.size === 0 ? '' : `?${query}`}`;
}

/**
 * One call to podman's service.
 * @throws PodmanError for an answer outside 2xx and `accept`; VsockError, VsockHttpError without an answer: the
 * call may or may not have been carried out
 */
export async function callPodman(
  address: VsockAddress,
  request: PodmanRequest,
  options: AnswerOptions = {},
): Promise<{ status: number; text: string; headers: IncomingMessage['headers'] }> {
  const answer = await httpOverVsock(address, toVsockRequest(request));
  const text = answer.body.toString('utf8');
  if (!isAccepted(answer.statusCode, options))
    throw toPodmanError(describe(request), answer.statusCode, text);
  return { status: answer.statusCode, text, headers: answer.headers };
}

/** As `callPodman`, and checks the JSON of the answer. */
export async function callPodmanJson<T>(
  address: VsockAddress,
  schema: z.ZodType<T>,
  request: PodmanRequest,
): Promise<T> {
  const { text } = await callPodman(address, request);
  return schema.parse(JSON.parse(text));
}

/** As `callPodman`, and hands over the body as a stream that may be silent for ever. The caller ends it. */
export async function openPodmanStream(
  address: VsockAddress,
  request: PodmanRequest,
): Promise<IncomingMessage> {
  const response = await openHttpOverVsock(address, toVsockRequest(request), 0);
  const status = response.statusCode ?? 0;
  if (isAccepted(status, {})) return response;
  let text = '';
  for await (const chunk of response.setEncoding('utf8')) text += chunk;
  throw toPodmanError(describe(request), status, text);
}

function toVsockRequest(request: PodmanRequest) {
  const isArchive = Buffer.isBuffer(request.body);
  const body = isArchive ? (request.body as Buffer) : JSON.stringify(request.body);
  return {
    method: request.method ?? 'GET',
    path: podmanUrl(request),
    timeoutMs: request.timeoutMs ?? 30_000,
    ...(request.body === undefined
      ? {}
      : { body, headers: { 'content-type': isArchive ? 'application/x-tar' : 'application/json' } }),
    ...(request.signal === undefined ? {} : { signal: request.signal }),
  };
}

function isAccepted(status: number, options: AnswerOptions): boolean {
  return (status >= 200 && status < 300) || options.accept?.includes(status) === true;
}

function describe(request: PodmanRequest): string {
  return `${request.method ?? 'GET'} ${request.path}`;
}
