import type { IncomingMessage } from 'node:http';
import { z } from 'zod';
import { serviceUnavailable } from '../http/errors.ts';
import { StatusError } from '../http/status-error.ts';

const STATUS_BYTES_MAX = 64 * 1024;

const statusSchema = z.object({
  code: z.int().min(400).max(599),
  reason: z.string(),
  message: z.string(),
});

async function textOf(response: IncomingMessage): Promise<string> {
  const chunks: Buffer[] = [];
  let length = 0;
  for await (const chunk of response as AsyncIterable<Buffer>) {
    length += chunk.length;
    if (length > STATUS_BYTES_MAX) break;
    chunks.push(chunk);
  }
  return Buffer.concat(chunks).toString();
}

/** What a node said instead of a stream: its own Status, where it is one. */
export async function nodeRefusal(response: IncomingMessage, nodeName: string): Promise<StatusError> {
  const text = await textOf(response);
  let json: unknown;
  try {
    json = JSON.parse(text);
  } catch {
    json = undefined;
  }
  const parsed = statusSchema.safeParse(json);
  if (parsed.success) return new StatusError(parsed.data);
  return serviceUnavailable(`node ${JSON.stringify(nodeName)} answered ${response.statusCode}`);
}

/** A node that cannot be reached. */
export function nodeUnreachable(error: Error, nodeName: string, place: string): StatusError {
  return serviceUnavailable(
    `node ${JSON.stringify(nodeName)} does not answer at ${place}: ${error.message}. ` +
      'Check that holt-node runs there ("kubectl describe node" tells since when it is silent)',
  );
}
