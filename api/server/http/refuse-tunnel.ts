import type { Duplex } from 'node:stream';
import { JSON_TYPE } from './media-type.ts';
import { StatusError } from './status-error.ts';

/** Answers a CONNECT request, for which there is no response object: 405, and the end of the connection. */
export function refuseTunnel(socket: Duplex): void {
  const status = new StatusError({
    code: 405,
    reason: 'MethodNotAllowed',
    message: 'CONNECT is not supported',
  });
  const body = Buffer.from(`${JSON.stringify(status.toStatus())}\n`);
  const head = [
    'HTTP/1.1 405 Method Not Allowed',
    `content-type: ${JSON_TYPE}`,
    `content-length: ${body.length}`,
    'connection: close',
  ];
  socket.on('error', () => {});
  socket.end(Buffer.concat([Buffer.from(`${head.join('\r\n')}\r\n\r\n`), body]));
}
