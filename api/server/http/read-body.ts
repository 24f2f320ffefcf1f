import type { IncomingMessage } from 'node:http';
import { badRequest, bodyTooLarge } from './errors.ts';

/** As kube-apiserver's limit for one request. */
export const BODY_BYTES_MAX = 3 * 1024 * 1024;

const bodies = new WeakMap<IncomingMessage, Buffer>();

/** The body that was read of a request, for whoever records it; undefined where nobody read it. */
export function bodyOf(request: IncomingMessage): Buffer | undefined {
  return bodies.get(request);
}

/** By events: the stream's iterator costs as much as all else that is done to a small body. */
function collect(request: IncomingMessage): Promise<Buffer> {
  return new Promise((resolve, reject) => {
    const chunks: Buffer[] = [];
    let sizeBytes = 0;
    request.on('data', (chunk: Buffer) => {
      sizeBytes += chunk.length;
      if (sizeBytes > BODY_BYTES_MAX) {
        // What is still to come is not taken; the answer closes the connection.
        request.pause();
        reject(bodyTooLarge(BODY_BYTES_MAX));
      } else {
        chunks.push(chunk);
      }
    });
    request.once('end', () => {
      const [only, ...more] = chunks;
      resolve(only !== undefined && more.length === 0 ? only : Buffer.concat(chunks));
    });
    const brokeOff = (why: string) => reject(badRequest(`the request body broke off: ${why}`));
    request.once('error', (error) => brokeOff(error.message));
    request.once('close', () => {
      if (!request.complete) brokeOff('aborted');
    });
    if (request.destroyed && !request.readableEnded) brokeOff('aborted');
  });
}

/**
 * The whole body.
 * @throws StatusError 413 beyond BODY_BYTES_MAX, 400 when the client broke off
 */
export async function readBody(request: IncomingMessage): Promise<Buffer> {
  if (Number(request.headers['content-length'] ?? 0) > BODY_BYTES_MAX) throw bodyTooLarge(BODY_BYTES_MAX);
  const body = await collect(request);
  bodies.set(request, body);
  return body;
}
