import type { IncomingMessage } from 'node:http';
import { badRequest, bodyTooLarge } from './errors.ts';

/** As kube-apiserver's limit for one request. */
export const BODY_BYTES_MAX = 3 * 1024 * 1024;

const bodies = new WeakMap<IncomingMessage, Buffer>();

/** The body that was read of a request, for whoever records it; undefined where nobody read it. */
export function bodyOf(request: IncomingMessage): Buffer | undefined {
  return bodies.get(request);
}

/**
 * The whole body.
 * @throws StatusError 413 beyond BODY_BYTES_MAX, 400 when the client broke off
 */
export async function readBody(request: IncomingMessage): Promise<Buffer> {
  if (Number(request.headers['content-length'] ?? 0) > BODY_BYTES_MAX) throw bodyTooLarge(BODY_BYTES_MAX);
  const chunks: Buffer[] = [];
  let sizeBytes = 0;
  try {
    for await (const chunk of request as AsyncIterable<Buffer>) {
      sizeBytes += chunk.length;
      if (sizeBytes > BODY_BYTES_MAX) break;
      chunks.push(chunk);
    }
  } catch (error) {
    throw badRequest(`the request body broke off: ${error instanceof Error ? error.message : String(error)}`);
  }
  if (sizeBytes > BODY_BYTES_MAX) throw bodyTooLarge(BODY_BYTES_MAX);
  const body = Buffer.concat(chunks);
  bodies.set(request, body);
  return body;
}
