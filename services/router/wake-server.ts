import { chmod, rm } from 'node:fs/promises';
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { Waker } from './waker.ts';

/** How long a client is kept waiting for a VM that wakes, in milliseconds. Below the timeout of HAProxy's backend. */
export const HOLD_MS = { browser: 4_000, program: 25_000 } as const;

/** HAProxy sends a request once more only where all of it is in its buffer (tune.bufsize, 16 KiB with the headers). */
const BODY_BYTES_MAX = 8 * 1024;

export interface WakeServerOptions {
  readonly path: string;
  readonly waker: Pick<Waker, 'hold'>;
  readonly holdMs?: { readonly browser: number; readonly program: number };
}

/**
 * Answers HAProxy for requests to VMs in standby, which HAProxy has verified: 425 (RFC 8470: nothing was done with
 * it, send it again) once the route is up, upon which HAProxy sends the request to the VM; 503 where that takes too
 * long. No request or answer of a sandbox passes here. Resolves to the way to end it.
 */
export async function startWakeServer(options: WakeServerOptions): Promise<() => Promise<void>> {
  await rm(options.path, { force: true });
  const server = createServer((request, response) => void answer(options, request, response));
  await new Promise<void>((resolve, reject) => {
    server.once('error', reject);
    server.listen(options.path, resolve);
  });
  await chmod(options.path, 0o600);
  return () =>
    new Promise((resolve) => {
      server.close(() => resolve());
      server.closeAllConnections();
    });
}

async function answer(
  { waker, holdMs = HOLD_MS }: WakeServerOptions,
  request: IncomingMessage,
  response: ServerResponse,
): Promise<void> {
  const gone = new AbortController();
  response.once('close', () => gone.abort());
  request.resume();
  const { headers } = request;
  const isBrowser = headers.accept?.includes('text/html') === true;
  const isHeld =
    headers['transfer-encoding'] === undefined && Number(headers['content-length'] ?? 0) <= BODY_BYTES_MAX;
  const isReady = await waker.hold({
    user: String(headers['x-holt-user']),
    target: headers['x-holt-route'] === 'dev' ? 'dev' : 'live',
    holdMs: isHeld ? holdMs[isBrowser ? 'browser' : 'program'] : 0,
    signal: gone.signal,
  });
  response.writeHead(isReady && isHeld ? 425 : 503, { connection: 'close' }).end();
}
