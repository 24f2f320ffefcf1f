import { type IncomingMessage, ServerResponse } from 'node:http';
import type { Server } from 'node:https';
import type { Socket } from 'node:net';
import type { Duplex } from 'node:stream';
import type { Upgrade } from '../connect/tunnel.ts';

/** Streams that may take over their connection; elsewhere an upgrade is ignored, as HTTP allows. */
const STREAM_PATH = /\/(?:exec|attach|portforward)(?:\?|$)/;

/** Whether a request is a WebSocket's for a stream. */
export function wantsUpgrade({ method, url = '', headers }: IncomingMessage): boolean {
  return method === 'GET' && headers.upgrade?.toLowerCase() === 'websocket' && STREAM_PATH.test(url);
}

/**
 * Answers WebSocket handshakes like other requests: with a response on the same connection, which ends after it
 * unless the handler takes the connection over.
 */
export function serveUpgrades(
  server: Server,
  handle: (request: IncomingMessage, response: ServerResponse, upgrade: Upgrade) => void,
): void {
  server.on('upgrade', (request: IncomingMessage, socket: Duplex, head: Buffer) => {
    socket.on('error', () => {});
    const response = new ServerResponse(request);
    response.shouldKeepAlive = false;
    response.assignSocket(socket as Socket);
    response.on('finish', () => socket.end());
    handle(request, response, { socket, head });
  });
}
