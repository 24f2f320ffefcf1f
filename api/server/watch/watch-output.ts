import type { ServerResponse } from 'node:http';
import { chunkOf, type WatchFrame } from '../../storage/cache/watch-frame.ts';

/**
 * Where a watch's frames go. A chunked body is written to the socket in chunks that are made once for all watchers:
 * by the response each write would be framed anew, in four pieces and a tick later, which costs more than the
 * encryption.
 */
export class WatchOutput {
  readonly #response: ServerResponse;
  #isDirect = false;

  constructor(response: ServerResponse) {
    this.#response = response;
  }

  /** Sends the headers; `onDrain` is called when the client takes again. */
  open(onDrain: () => void): void {
    const response = this.#response;
    response.flushHeaders();
    const { socket } = response;
    // Behind an answer that is still on its way the response has no socket yet; HTTP/1.0 has no chunks.
    this.#isDirect = socket !== null && response.chunkedEncoding;
    if (socket === null || !this.#isDirect) {
      response.on('drain', onDrain);
      return;
    }
    socket.on('drain', onDrain);
    response.once('close', () => socket.removeListener('drain', onDrain));
  }

  /** Returns whether the client takes more. */
  write(frames: readonly WatchFrame[]): boolean {
    const response = this.#response;
    const [first, ...more] = frames;
    if (first === undefined) return true;
    if (this.#isDirect && response.socket !== null) return response.socket.write(chunkOf(frames));
    return response.write(more.length === 0 ? first.bytes : Buffer.concat(frames.map(({ bytes }) => bytes)));
  }

  /** Ends the watch, after `frames`. */
  end(frames: readonly WatchFrame[] = []): void {
    this.write(frames);
    this.#response.end();
  }
}
