import type { VsockAddress } from '../../lib/http-over-vsock.ts';
import { connectVsock } from '../../lib/hybrid-vsock.ts';

export interface CommandOptions {
  /** Bound for connect and answer together. Default 10,000. */
  readonly timeoutMs?: number;
  readonly signal?: AbortSignal | undefined;
}

/** HAProxy's runtime API did not carry a command out. */
export class IngressError extends Error {
  constructor(command: string, detail: string, cause?: unknown) {
    super(`guest ingress: ${command}: ${detail}`, { cause });
    this.name = 'IngressError';
  }
}

const answerBytesMax = 1024 * 1024;

/**
 * Sends one command to the guest HAProxy's runtime API and returns its answer without the trailing blank line
 * (docs.haproxy.org, Management Guide, 9.3 "Unix Socket commands": one command a connection, the answer ends
 * with the connection).
 * @throws VsockError when the guest cannot be reached, IngressError when the exchange breaks off
 */
export async function runIngressCommand(
  address: VsockAddress,
  command: string,
  options: CommandOptions = {},
): Promise<string> {
  const timeoutMs = options.timeoutMs ?? 10_000;
  const { signal } = options;
  const socket = await connectVsock(address.socketPath, address.port, {
    timeoutMs,
    ...(signal === undefined ? {} : { signal }),
  });
  const abort = () => socket.destroy(new Error('aborted', { cause: signal?.reason }));
  signal?.addEventListener('abort', abort, { once: true });
  socket.setTimeout(timeoutMs, () => socket.destroy(new Error(`no answer for ${timeoutMs} ms`)));
  try {
    socket.write(`${command}\n`);
    let answer = '';
    for await (const chunk of socket.setEncoding('utf8') as AsyncIterable<string>) {
      answer += chunk;
      if (answer.length > answerBytesMax) throw new Error(`answer is larger than ${answerBytesMax} bytes`);
    }
    return answer.trim();
  } catch (error) {
    throw new IngressError(command, error instanceof Error ? error.message : String(error), error);
  } finally {
    signal?.removeEventListener('abort', abort);
    socket.destroy();
  }
}
