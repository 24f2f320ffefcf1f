import type { Server } from 'node:https';
import type { Socket } from 'node:net';

/**
 * Keeps count of a server's TCP connections, from their first moment: the HTTP server knows of one only when its
 * TLS handshake is done, and would wait minutes for a client that never begins it.
 * @returns destroys all that are open
 */
export function trackSockets(server: Server): () => void {
  const sockets = new Set<Socket>();
  server.on('connection', (socket: Socket) => {
    sockets.add(socket);
    socket.once('close', () => sockets.delete(socket));
  });
  return () => {
    for (const socket of sockets) socket.destroy();
  };
}
