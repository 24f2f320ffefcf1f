import type { Socket } from 'node:net';
import { upgradeOverVsock, type VsockAddress } from '../http-over-vsock.ts';
import { demultiplex, type OutputChunk } from './multiplexed-stream.ts';
import { podmanUrl } from './podman-api.ts';

/** The streams of a container's own program. */
export interface AttachSession {
  /** Writing is the program's stdin, where it has one. Read `output` instead of it. */
  readonly socket: Socket;
  /** What it writes from now on; ends with the program. */
  readonly output: AsyncIterable<OutputChunk>;
}

/**
 * Joins a running container that has no terminal.
 * @throws VsockError, VsockHttpError
 */
export async function attachToContainer(
  address: VsockAddress,
  container: string,
  options: { readonly stdin: boolean; readonly signal?: AbortSignal },
): Promise<AttachSession> {
  const { socket } = await upgradeOverVsock(address, {
    method: 'POST',
    path: podmanUrl({
      path: `/containers/${encodeURIComponent(container)}/attach`,
      query: { stream: true, logs: false, stdin: options.stdin, stdout: true, stderr: true },
    }),
    timeoutMs: 30_000,
    ...(options.signal === undefined ? {} : { signal: options.signal }),
  });
  return { socket, output: demultiplex(socket) };
}
