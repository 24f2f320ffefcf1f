import type { IncomingMessage } from 'node:http';
import type { VsockAddress } from '../http-over-vsock.ts';
import { demultiplex, type OutputChunk } from './multiplexed-stream.ts';
import { openPodmanStream } from './podman-api.ts';

export interface LogOptions {
  /** Go on with what comes. */
  readonly follow?: boolean;
  /** The last so many lines; default all. */
  readonly tail?: number;
  /** Only what was written after it: RFC 3339 or Unix seconds. */
  readonly since?: string;
  /** Only what was written before it: RFC 3339 or Unix seconds. */
  readonly until?: string;
  /** Each line begins with its time. */
  readonly timestamps?: boolean;
  readonly signal?: AbortSignal;
}

/**
 * A container's output as podman frames it (see `demultiplex`), as soon as podman has found it. The caller reads it to
 * its end or destroys it.
 * @throws PodmanError, VsockError, VsockHttpError
 */
export function openLogs(
  address: VsockAddress,
  container: string,
  options: LogOptions = {},
): Promise<IncomingMessage> {
  return openPodmanStream(address, {
    path: `/containers/${encodeURIComponent(container)}/logs`,
    query: {
      stdout: true,
      stderr: true,
      follow: options.follow,
      tail: options.tail,
      since: options.since,
      until: options.until,
      timestamps: options.timestamps,
    },
    signal: options.signal,
  });
}

/**
 * A container's output, line by line as podman kept it. Ends with the log, or with the container where
 * `follow` is set. Leaving the loop closes the connection.
 * @throws PodmanError, VsockError, VsockHttpError
 */
export async function* readLogs(
  address: VsockAddress,
  container: string,
  options: LogOptions = {},
): AsyncGenerator<OutputChunk, void> {
  const stream = await openLogs(address, container, options);
  try {
    yield* demultiplex(stream);
  } finally {
    stream.destroy();
  }
}
