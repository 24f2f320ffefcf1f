import { request } from 'node:http';
import { withUntrustedSocket } from '../../lib/untrusted-socket.ts';
import { VmmUnreachableError, type VmmUnreachableReason } from './vmm-error.ts';

export interface VmmHttpRequest {
  readonly socketPath: string;
  readonly method: 'GET' | 'PUT';
  /** Endpoint name, e.g. `vm.info`. */
  readonly call: string;
  readonly body?: string;
  readonly timeoutMs: number;
  readonly signal?: AbortSignal | undefined;
}

export interface VmmHttpAnswer {
  readonly statusCode: number;
  readonly body: string;
}

/** No answer of the VMM comes near this. */
const answerBytesMax = 16 * 1024 * 1024;

/**
 * One call over its own connection. Content-Length is always set: the VMM reads bodies by it alone and loses
 * a chunked one. The socket lies in the VMM's own folder: see `withUntrustedSocket`.
 * @throws VmmUnreachableError
 */
export async function exchangeWithVmm(what: VmmHttpRequest): Promise<VmmHttpAnswer> {
  try {
    return await withUntrustedSocket(what.socketPath, (path) => exchange(what, path));
  } catch (error) {
    if (error instanceof VmmUnreachableError) throw error;
    const cause = error instanceof Error ? error : new Error(String(error));
    throw new VmmUnreachableError(what.call, reasonOf(cause, false, false), cause.message, cause);
  }
}

function exchange(what: VmmHttpRequest, path: string): Promise<VmmHttpAnswer> {
  const { call, socketPath } = what;
  const deadline = AbortSignal.timeout(what.timeoutMs);
  const signal = what.signal === undefined ? deadline : AbortSignal.any([what.signal, deadline]);
  return new Promise((resolve, reject) => {
    const fail = (error: NodeJS.ErrnoException) => {
      const reason = reasonOf(error, deadline.aborted, what.signal?.aborted ?? false);
      const detail = reason === 'timeout' ? `no answer within ${what.timeoutMs} ms` : error.message;
      reject(new VmmUnreachableError(call, reason, `${socketPath}: ${detail}`, error));
    };
    if (signal.aborted) {
      fail(new Error('aborted before sending'));
      return;
    }
    const headers = {
      host: 'localhost',
      accept: 'application/json',
      ...(what.body === undefined
        ? {}
        : { 'content-type': 'application/json', 'content-length': Buffer.byteLength(what.body) }),
    };
    const outgoing = request(
      { socketPath: path, method: what.method, path: `/api/v1/${call}`, headers, agent: false, signal },
      (response) => {
        let body = '';
        response.setEncoding('utf8').on('data', (chunk: string) => {
          body += chunk;
          if (body.length > answerBytesMax)
            response.destroy(new Error(`answer is over ${answerBytesMax} bytes`));
        });
        response.on('error', fail);
        response.on('end', () => resolve({ statusCode: response.statusCode ?? 0, body }));
      },
    );
    outgoing.on('error', fail);
    outgoing.end(what.body);
  });
}

function reasonOf(error: NodeJS.ErrnoException, late: boolean, aborted: boolean): VmmUnreachableReason {
  if (aborted) return 'aborted';
  if (late) return 'timeout';
  if (error.code === 'ENOENT') return 'absent';
  if (error.code === 'ECONNREFUSED') return 'refused';
  if (error.code?.startsWith('HPE_')) return 'malformed';
  return 'broken';
}
