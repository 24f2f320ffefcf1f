import { connect, type Socket } from 'node:net';
import { withUntrustedSocket } from './untrusted-socket.ts';

/** Why a hybrid vsock connection could not be had. The class decides what a caller does, never the text. */
export type VsockFailure =
  /** The VMM's socket is absent or nobody listens on it: the VMM is not there (yet). */
  | 'no-vmm'
  /** The VMM closed without OK: nothing in the guest listens on the port, or the guest is not up yet. */
  | 'refused'
  /** No answer in time. */
  | 'timeout'
  /** The answer was not the protocol's. */
  | 'protocol'
  /** The caller's signal. */
  | 'aborted';

/** A failed connect; names the socket, the port and what was received. */
export class VsockError extends Error {
  readonly failure: VsockFailure;
  readonly port: number;

  constructor(
    failure: VsockFailure,
    where: { socketPath: string; port: number },
    detail: string,
    cause?: unknown,
  ) {
    super(`vsock port ${where.port} at ${where.socketPath}: ${detail}`, { cause });
    this.name = 'VsockError';
    this.failure = failure;
    this.port = where.port;
  }
}

export interface ConnectVsockOptions {
  /** Bound for connect and handshake together. Default 5,000. */
  readonly timeoutMs?: number;
  readonly signal?: AbortSignal;
  /** Keep the writing side open when the guest has ended its own. Default false, as for `net.connect`. */
  readonly allowHalfOpen?: boolean;
}

/** The answer is `OK <number>\n`; the VMM's own command buffer is 32 bytes, and no answer is longer. */
const answerBytesMax = 32;

/**
 * Opens a stream to a vsock port of the guest through the VMM's unix socket: sends `CONNECT <port>\n` and
 * reads `OK <number>\n` (cloud-hypervisor docs/vsock.md). Bytes that the guest sends after the answer stay
 * in the socket for its reader. The socket lies in the VMM's own folder: see `withUntrustedSocket`.
 * @throws VsockError
 */
export async function connectVsock(
  socketPath: string,
  port: number,
  options: ConnectVsockOptions = {},
): Promise<Socket> {
  const where = { socketPath, port };
  try {
    return await withUntrustedSocket(socketPath, (path) => shakeHands(path, where, options));
  } catch (error) {
    if (error instanceof VsockError) throw error;
    const cause = error instanceof Error ? error : new Error(String(error));
    throw new VsockError(failureOf(cause), where, cause.message, error);
  }
}

function shakeHands(
  path: string,
  where: { readonly socketPath: string; readonly port: number },
  options: ConnectVsockOptions,
): Promise<Socket> {
  const timeoutMs = options.timeoutMs ?? 5_000;
  const { signal } = options;
  return new Promise((resolve, reject) => {
    if (signal?.aborted) {
      reject(new VsockError('aborted', where, 'aborted before connecting', signal.reason));
      return;
    }
    const socket = connect({ path, allowHalfOpen: options.allowHalfOpen ?? false });
    let answer = '';

    const settle = () => {
      clearTimeout(timer);
      signal?.removeEventListener('abort', onAbort);
      socket.off('readable', onReadable).off('end', onEnd).off('close', onEnd).off('error', onError);
    };
    const fail = (failure: VsockFailure, detail: string, cause?: unknown) => {
      settle();
      socket.on('error', () => {});
      socket.destroy();
      reject(new VsockError(failure, where, detail, cause));
    };
    const onAbort = () => fail('aborted', 'aborted', signal?.reason);
    const onEnd = () => fail('refused', `closed before OK (received ${JSON.stringify(answer)})`);
    const onError = (error: NodeJS.ErrnoException) => fail(failureOf(error), error.message, error);
    // Byte by byte, as the VMM reads the command: what follows the newline belongs to the stream.
    const onReadable = () => {
      for (let byte = socket.read(1); byte !== null; byte = socket.read(1)) {
        answer += byte.toString('latin1');
        if (answer.endsWith('\n') || answer.length > answerBytesMax) break;
      }
      if (/^OK \d+\n$/.test(answer)) {
        settle();
        resolve(socket);
      } else if (answer.endsWith('\n') || answer.length > answerBytesMax) {
        fail('protocol', `expected OK <number>, received ${JSON.stringify(answer)}`);
      }
    };
    const timer = setTimeout(() => fail('timeout', `no OK within ${timeoutMs} ms`), timeoutMs);
    signal?.addEventListener('abort', onAbort, { once: true });
    socket.on('readable', onReadable).on('end', onEnd).on('close', onEnd).on('error', onError);
    socket.write(`CONNECT ${where.port}\n`);
  });
}

function failureOf(error: NodeJS.ErrnoException): VsockFailure {
  return error.code === 'ENOENT' || error.code === 'ECONNREFUSED' ? 'no-vmm' : 'refused';
}
