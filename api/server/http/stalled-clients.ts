import type { ServerResponse } from 'node:http';

interface Progress {
  flushedBytes: number;
  sinceMs: number;
}

export interface StalledClientsOptions {
  /** A client that takes nothing for so long, while something waits for it, is cut. */
  readonly stallMs: number;
  readonly monotonicMs: () => number;
  readonly onCut: (response: ServerResponse) => void;
}

/** Looks after the answers under way, so that clients that do not read hold no memory for long. */
export class StalledClients {
  readonly #options: StalledClientsOptions;
  readonly #open = new Map<ServerResponse, Progress>();
  readonly #timer: NodeJS.Timeout;

  constructor(options: StalledClientsOptions) {
    this.#options = options;
    this.#timer = setInterval(() => this.#look(), options.stallMs / 4);
    this.#timer.unref();
  }

  add(response: ServerResponse): void {
    this.#open.set(response, { flushedBytes: 0, sinceMs: this.#options.monotonicMs() });
    response.once('close', () => this.#open.delete(response));
  }

  /** No longer looks after this one. */
  forgive(response: ServerResponse): void {
    this.#open.delete(response);
  }

  close(): void {
    clearInterval(this.#timer);
  }

  #look(): void {
    const nowMs = this.#options.monotonicMs();
    for (const [response, progress] of this.#open) {
      const { socket } = response;
      if (socket === null) continue;
      const flushedBytes = socket.bytesWritten - socket.writableLength;
      const waits = response.writableLength > 0 || socket.writableLength > 0;
      if (!waits || flushedBytes !== progress.flushedBytes) {
        progress.flushedBytes = flushedBytes;
        progress.sinceMs = nowMs;
      } else if (nowMs - progress.sinceMs >= this.#options.stallMs) {
        this.#options.onCut(response);
        socket.destroy();
      }
    }
  }
}
