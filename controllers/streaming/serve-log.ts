import { once } from 'node:events';
import type { ServerResponse } from 'node:http';
import { demultiplex, openLogs } from '../../lib/podman/index.ts';
import { parseLogRequest } from './log-options.ts';
import { toRefusal } from './refusal.ts';
import type { StreamTarget } from './target.ts';

/**
 * Answers with what a container wrote, stdout and stderr as they came. It pulls from the guest only as fast as the
 * client takes.
 * @throws Refusal before anything is sent
 */
export async function serveLog(
  target: StreamTarget,
  query: URLSearchParams,
  response: ServerResponse,
  { nowMs, signal }: { readonly nowMs: number; readonly signal: AbortSignal },
): Promise<void> {
  const { container, containerId, label, podman } = target;
  const { restartCount = 0, startedAt } = container.status ?? {};
  const name = container.metadata.name ?? '';
  const { options, bytesMax } = parseLogRequest(query, { name, restartCount, startedAt }, nowMs);
  const stream = await openLogs(podman, containerId, { ...options, signal }).catch((error: unknown) => {
    throw toRefusal(error, label);
  });
  let left = bytesMax;
  try {
    response.writeHead(200, { 'content-type': 'text/plain', 'cache-control': 'no-cache, private' });
    response.flushHeaders();
    for await (const { data } of demultiplex(stream)) {
      const piece = data.subarray(0, left);
      left -= piece.length;
      if (!response.write(piece)) await once(response, 'drain', { signal });
      if (left === 0) break;
    }
    response.end();
  } catch {
    // The headers are out: a broken end is all that can still be told.
    response.destroy();
  } finally {
    stream.destroy();
  }
}
