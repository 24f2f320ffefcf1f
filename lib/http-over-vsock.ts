import { type IncomingHttpHeaders, type IncomingMessage, type OutgoingHttpHeaders, request } from 'node:http';
import type { Socket } from 'node:net';
import { connectVsock } from './hybrid-vsock.ts';

/** Where a guest's HTTP server is. */
export interface VsockAddress {
  /** The VMM's unix socket. */
  readonly socketPath: string;
  /** The vsock port in the guest. */
  readonly port: number;
}

export interface VsockRequest {
  /** Default GET. */
  readonly method?: string;
  readonly path: string;
  readonly headers?: OutgoingHttpHeaders;
  readonly body?: string | Buffer;
  /** Bound for connect plus response headers, and again for silence while the body comes. Default 10,000. */
  readonly timeoutMs?: number;
  readonly signal?: AbortSignal;
}

export interface VsockResponse {
  readonly statusCode: number;
  readonly headers: IncomingHttpHeaders;
  readonly body: Buffer;
}

export interface VsockUpgrade {
  readonly statusCode: number;
  readonly headers: IncomingHttpHeaders;
  /** The raw stream after the 101; bytes that came with the response are readable first. */
  readonly socket: Socket;
}

const defaultTimeoutMs = 10_000;

/** An HTTP exchange over vsock that broke off or took too long. */
export class VsockHttpError extends Error {
  constructor(address: VsockAddress, what: VsockRequest, detail: string, cause?: unknown) {
    super(`${what.method ?? 'GET'} ${what.path} over vsock port ${address.port}: ${detail}`, { cause });
    this.name = 'VsockHttpError';
  }
}

/**
 * One HTTP request over its own vsock connection, body collected. Connections are never pooled: one that
 * lived across a pause or a restore would hang.
 * @throws VsockError when the guest cannot be reached, VsockHttpError when the exchange breaks or the body
 * passes `bodyBytesMax` (default 8 MiB)
 */
export async function httpOverVsock(
  address: VsockAddress,
  what: VsockRequest,
  bodyBytesMax = 8 * 1024 * 1024,
): Promise<VsockResponse> {
  const response = await openHttpOverVsock(address, what);
  const chunks: Buffer[] = [];
  let length = 0;
  try {
    for await (const chunk of response as AsyncIterable<Buffer>) {
      length += chunk.length;
      if (length > bodyBytesMax) throw new Error(`body is larger than ${bodyBytesMax} bytes`);
      chunks.push(chunk);
    }
  } catch (error) {
    response.destroy();
    throw new VsockHttpError(address, what, error instanceof Error ? error.message : String(error), error);
  }
  return { statusCode: response.statusCode ?? 0, headers: response.headers, body: Buffer.concat(chunks) };
}

/**
 * As `httpOverVsock`, and hands over the response as soon as its headers are here: for logs and events.
 * The caller reads it to its end or destroys it. `timeoutMs` stays as the bound for silence; pass
 * `idleTimeoutMs` for a stream that may be silent for longer (0: for ever).
 * @throws VsockError, VsockHttpError
 */
export async function openHttpOverVsock(
  address: VsockAddress,
  what: VsockRequest,
  idleTimeoutMs = what.timeoutMs ?? defaultTimeoutMs,
): Promise<IncomingMessage> {
  const exchange = await startExchange(address, what);
  return new Promise((resolve, reject) => {
    exchange.request.on('error', (error) => reject(new VsockHttpError(address, what, error.message, error)));
    exchange.request.on('response', (response) => {
      exchange.socket.setTimeout(idleTimeoutMs);
      resolve(response);
    });
    exchange.request.end(what.body);
  });
}

/**
 * Sends a request that asks for an upgrade (podman attach and exec) and hands over the raw stream.
 * @throws VsockError, VsockHttpError (also for any answer but 101: its text carries the body's begin)
 */
export async function upgradeOverVsock(address: VsockAddress, what: VsockRequest): Promise<VsockUpgrade> {
  const headers = { connection: 'Upgrade', upgrade: 'tcp', ...what.headers };
  const exchange = await startExchange(address, { ...what, headers });
  return new Promise((resolve, reject) => {
    exchange.request.on('error', (error) => reject(new VsockHttpError(address, what, error.message, error)));
    exchange.request.on('response', (response) => {
      response.setEncoding('utf8').once('data', (text: string) => {
        reject(
          new VsockHttpError(
            address,
            what,
            `expected 101, received ${response.statusCode}: ${text.slice(0, 500)}`,
          ),
        );
        response.destroy();
      });
      response.once('end', () =>
        reject(new VsockHttpError(address, what, `expected 101, received ${response.statusCode}`)),
      );
    });
    exchange.request.on('upgrade', (response, stream, head) => {
      exchange.socket.setTimeout(0);
      if (head.length > 0) stream.unshift(head);
      resolve({ statusCode: response.statusCode ?? 0, headers: response.headers, socket: exchange.socket });
    });
    exchange.request.end(what.body);
  });
}

async function startExchange(address: VsockAddress, what: VsockRequest) {
  const timeoutMs = what.timeoutMs ?? defaultTimeoutMs;
  const signal = what.signal === undefined ? {} : { signal: what.signal };
  const socket = await connectVsock(address.socketPath, address.port, { timeoutMs, ...signal });
  socket.setTimeout(timeoutMs, () => socket.destroy(new Error(`no answer for ${timeoutMs} ms`)));
  const length = what.body === undefined ? {} : { 'content-length': Buffer.byteLength(what.body) };
  const outgoing = request({
    method: what.method ?? 'GET',
    path: what.path,
    headers: { host: 'guest', ...length, ...what.headers },
    createConnection: () => socket,
    ...signal,
  });
  return { request: outgoing, socket };
}
