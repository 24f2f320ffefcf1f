import type { IncomingMessage } from 'node:http';
import type { Duplex } from 'node:stream';

/** A connection that a client wants to take over, and what it has sent on it already. */
export interface Upgrade {
  readonly socket: Duplex;
  readonly head: Buffer;
}

/** Headers of the node's answer that are the client's too. */
const PASSED = ['upgrade', 'connection', 'sec-websocket-accept', 'sec-websocket-protocol'] as const;

function switchingHead(response: IncomingMessage, auditId: string): string {
  const lines = PASSED.flatMap((name) => {
    const value = response.headers[name];
    return typeof value === 'string' ? [`${name}: ${value}`] : [];
  });
  return ['HTTP/1.1 101 Switching Protocols', ...lines, `audit-id: ${auditId}`, '', ''].join('\r\n');
}

/**
 * Joins a client's connection and a node's, as the node's answer says. Nothing in between is read; each side goes no
 * faster than the other takes. Resolves when either is gone, or at the signal.
 */
export function joinTunnel(
  client: Upgrade,
  node: Upgrade & { readonly response: IncomingMessage },
  options: { readonly auditId: string; readonly signal: AbortSignal },
): Promise<void> {
  const sides = [client.socket, node.socket];
  const cut = () => {
    for (const side of sides) side.destroy();
  };
  return new Promise((resolve) => {
    for (const side of sides) {
      side.on('error', () => {});
      side.once('close', () => {
        options.signal.removeEventListener('abort', cut);
        cut();
        resolve();
      });
    }
    options.signal.addEventListener('abort', cut, { once: true });
    client.socket.write(switchingHead(node.response, options.auditId));
    if (client.head.length > 0) node.socket.write(client.head);
    if (node.head.length > 0) client.socket.write(node.head);
    client.socket.pipe(node.socket);
    node.socket.pipe(client.socket);
    if (options.signal.aborted || sides.some((side) => side.destroyed)) cut();
  });
}
