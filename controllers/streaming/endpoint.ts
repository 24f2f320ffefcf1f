import type { IncomingMessage, ServerResponse } from 'node:http';
import { createServer, type Server } from 'node:https';
import type { Duplex } from 'node:stream';
import { TLSSocket } from 'node:tls';
import { type WebSocket, WebSocketServer } from 'ws';
import type { Clock } from '../../lib/clock.ts';
import type { Logger } from '../../lib/logger.ts';
import { NODE_CLIENT_NAME, NODE_STREAM_PATHS } from '../../lib/node-client-name.ts';
import { attachToContainer, execInContainer } from '../../lib/podman/index.ts';
import { COMMAND_PROTOCOLS, PORT_FORWARD_PROTOCOL } from '../../lib/remote-command/channels.ts';
import { watchPeer } from './channels.ts';
import { type CommandSession, runCommandSession } from './command-session.ts';
import { parsePorts, runPortForward } from './port-forward.ts';
import { Refusal } from './refusal.ts';
import { serveLog } from './serve-log.ts';
import { findTarget, requireRunning, type StreamObjects, type StreamTarget } from './target.ts';

export interface StreamEndpointOptions {
  /** PEM: this node's certificate, and the CA that signs the API servers'. */
  readonly tls: { readonly cert: Buffer; readonly key: Buffer; readonly ca: Buffer };
  /** Loopback port; 0: any free one. */
  readonly port: number;
  readonly objects: StreamObjects;
  readonly clock: Clock;
  readonly logger: Logger;
  /** Streams at once; default 256. */
  readonly streamsMax?: number;
}

export interface StreamEndpoint {
  readonly port: number;
  /** Cuts all streams; what runs in the guests goes on. */
  close(): Promise<void>;
}

const STREAMS_MAX = 256;
/** As the kubelet's streamingConnectionIdleTimeout. */
const IDLE_MS = 4 * 60 * 60 * 1_000;
/** Clients send 32 KiB at a time. */
const MESSAGE_BYTES_MAX = 1024 * 1024;
const COMMAND_WORDS_MAX = 1_024;

type Action = 'log' | 'exec' | 'attach' | 'portforward';
const PATH = /^([^/]+)\/sandboxcontainers\/([^/]+)\/(log|exec|attach|portforward)$/;

interface Asked {
  readonly action: Action;
  readonly query: URLSearchParams;
  readonly target: StreamTarget;
}

function isTrue(query: URLSearchParams, name: string): boolean {
  return ['true', '1'].includes(query.get(name) ?? '');
}

/** Whether it is an API server; the handshake has checked who signed its certificate. */
function isApiServer({ socket }: IncomingMessage): boolean {
  return socket instanceof TLSSocket && socket.getPeerCertificate().subject?.CN === NODE_CLIENT_NAME;
}

/** @throws Refusal */
function parseRequest(request: IncomingMessage, objects: StreamObjects): Asked {
  if (!isApiServer(request)) throw new Refusal(403, 'Forbidden', 'only API servers are served here');
  const url = URL.parse(request.url ?? '/', 'https://node');
  const path = url?.pathname.startsWith(NODE_STREAM_PATHS)
    ? url.pathname.slice(NODE_STREAM_PATHS.length)
    : '';
  const [, namespace = '', name = '', action] = PATH.exec(path) ?? [];
  if (url === null || action === undefined || request.method !== 'GET')
    throw new Refusal(404, 'NotFound', 'no such path');
  const query = url.searchParams;
  const target = findTarget(objects, { namespace, name, uid: query.get('uid') ?? '' });
  if (action !== 'log') requireRunning(target);
  return { action: action as Action, query, target };
}

/** @throws Refusal 400 */
function commandOf(query: URLSearchParams): readonly string[] {
  const words = query.getAll('command');
  if (words.length > 0 && words.length <= COMMAND_WORDS_MAX) return words;
  throw new Refusal(400, 'BadRequest', 'you must specify at least one command for the container');
}

function openSession({ action, query, target }: Asked, signal: AbortSignal): Promise<CommandSession> {
  const { podman, containerId } = target;
  const stdin = isTrue(query, 'stdin');
  if (action === 'attach') return attachToContainer(podman, containerId, { stdin, signal });
  const tty = isTrue(query, 'tty');
  const env = tty ? { TERM: 'xterm' } : {};
  return execInContainer(podman, containerId, { command: commandOf(query), stdin, tty, env, signal });
}

/** Serves one WebSocket to its end. */
async function runStream(socket: WebSocket, asked: Asked): Promise<void> {
  let activeMs = performance.now();
  const onActivity = () => {
    activeMs = performance.now();
  };
  socket.on('error', () => {});
  watchPeer(socket, IDLE_MS, () => activeMs);
  const { action, query, target } = asked;
  if (action === 'portforward') {
    const address = target.container.status?.address ?? '';
    return runPortForward(socket, { forward: target.forward, address, ports: parsePorts(query), onActivity });
  }
  return runCommandSession(socket, {
    label: target.label,
    stdin: isTrue(query, 'stdin'),
    open: (signal) => openSession(asked, signal),
    onActivity,
  });
}

/** Checked before the upgrade, so that a wrong request is answered as one. @throws Refusal */
function checkStream({ action, query, target }: Asked): void {
  if (action === 'exec') commandOf(query);
  if (action !== 'portforward') return;
  parsePorts(query);
  if (target.container.status?.address === undefined)
    throw new Refusal(
      409,
      'Conflict',
      `${target.label} has no address in its guest (yet): try again in a moment`,
    );
}

function refusalOf(error: unknown, logger: Logger): Refusal {
  if (error instanceof Refusal) return error;
  logger.error({ err: error }, 'a stream failed by a defect');
  return new Refusal(500, 'InternalError', 'Internal error occurred: see the log of holt-node');
}

function refuse(response: ServerResponse, refusal: Refusal): void {
  if (response.headersSent) {
    response.destroy();
    return;
  }
  response.writeHead(refusal.code, { 'content-type': 'application/json', connection: 'close' });
  response.end(JSON.stringify(refusal.toStatus()));
}

/** The same for a request whose connection was to be taken over. */
function refuseUpgrade(socket: Duplex, refusal: Refusal): void {
  const body = Buffer.from(JSON.stringify(refusal.toStatus()));
  const head = [
    `HTTP/1.1 ${refusal.code} ${refusal.reason}`,
    'content-type: application/json',
    `content-length: ${body.length}`,
    'connection: close',
  ];
  socket.end(Buffer.concat([Buffer.from(`${head.join('\r\n')}\r\n\r\n`), body]));
}

function protocolsOf(action: Action): readonly string[] {
  return action === 'portforward' ? [PORT_FORWARD_PROTOCOL] : COMMAND_PROTOCOLS;
}

/** What a client can do that came otherwise. */
function describeProtocols(action: Action): string {
  const hint = action === 'portforward' ? '; "holt port-forward" speaks it' : '';
  return `${action} is served over WebSockets with the protocol ${protocolsOf(action).join(', ')}${hint}`;
}

/** @throws Refusal 400 where none of the client's protocols is spoken here */
function requireProtocol(request: IncomingMessage, action: Action): void {
  const offered = (request.headers['sec-websocket-protocol'] ?? '').split(',').map((each) => each.trim());
  if (protocolsOf(action).some((each) => offered.includes(each))) return;
  throw new Refusal(400, 'BadRequest', describeProtocols(action));
}

function listen(server: Server, port: number): Promise<number> {
  return new Promise((resolve, reject) => {
    server.once('error', reject);
    server.listen(port, '127.0.0.1', () => {
      const address = server.address();
      resolve(typeof address === 'object' && address !== null ? address.port : port);
    });
  });
}

/**
 * Serves logs, exec, attach and port-forward of this node's containers, to API servers alone.
 * @throws Error when the port is taken or the certificate cannot be used
 */
export async function startStreamEndpoint(options: StreamEndpointOptions): Promise<StreamEndpoint> {
  const { objects, logger, clock, streamsMax = STREAMS_MAX } = options;
  const sockets = new Set<Duplex>();
  let streams = 0;
  const admit = () => {
    if (streams >= streamsMax)
      throw new Refusal(429, 'TooManyRequests', `node ${objects.nodeName} serves ${streams} streams already`);
  };
  const server = createServer({
    ...options.tls,
    requestCert: true,
    rejectUnauthorized: true,
    ALPNProtocols: ['http/1.1'],
    handshakeTimeout: 15_000,
    headersTimeout: 15_000,
    requestTimeout: 30_000,
    maxHeaderSize: 64 * 1024,
  });
  const webSockets = new WebSocketServer({
    noServer: true,
    maxPayload: MESSAGE_BYTES_MAX,
    perMessageDeflate: false,
    handleProtocols: (offered, request) => {
      const isForward = request.url?.includes('/portforward?') === true;
      return protocolsOf(isForward ? 'portforward' : 'exec').find((each) => offered.has(each)) ?? false;
    },
  });
  server.on('connection', (socket) => {
    sockets.add(socket);
    socket.once('close', () => sockets.delete(socket));
  });
  server.on('tlsClientError', (error) => logger.debug({ reason: error.message }, 'TLS handshake failed'));
  server.on('request', async (request, response) => {
    const gone = new AbortController();
    response.once('close', () => gone.abort(new Error('the client is gone')));
    streams += 1;
    response.once('close', () => {
      streams -= 1;
    });
    try {
      const asked = parseRequest(request, objects);
      if (asked.action !== 'log') {
        throw new Refusal(400, 'BadRequest', `Upgrade request required: ${describeProtocols(asked.action)}`);
      }
      if (streams > streamsMax) admit();
      await serveLog(asked.target, asked.query, response, { nowMs: clock.nowMs(), signal: gone.signal });
    } catch (error) {
      refuse(response, refusalOf(error, logger));
    }
  });
  server.on('upgrade', (request, socket, head) => {
    socket.on('error', () => {});
    try {
      const asked = parseRequest(request, objects);
      if (asked.action === 'log') throw new Refusal(400, 'BadRequest', 'logs are no WebSocket');
      requireProtocol(request, asked.action);
      checkStream(asked);
      admit();
      webSockets.handleUpgrade(request, socket, head, (client) => {
        streams += 1;
        client.once('close', () => {
          streams -= 1;
        });
        runStream(client, asked).catch((error: unknown) => {
          logger.error({ err: error }, 'a stream failed by a defect');
          client.terminate();
        });
      });
    } catch (error) {
      refuseUpgrade(socket, refusalOf(error, logger));
    }
  });
  const port = await listen(server, options.port);
  return {
    port,
    close: () =>
      new Promise((resolve) => {
        server.close(() => resolve());
        for (const socket of sockets) socket.destroy();
      }),
  };
}
