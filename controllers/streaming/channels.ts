import type { WebSocket } from 'ws';
import { CHANNEL, channelMessage } from '../../lib/remote-command/channels.ts';

/** Looks after a peer that may have gone without a word. */
export const PING_MS = 30_000;

/** One client's WebSocket, written with back-pressure. */
export class Channels {
  readonly #socket: WebSocket;

  constructor(socket: WebSocket) {
    this.#socket = socket;
  }

  get isOpen(): boolean {
    return this.#socket.readyState === this.#socket.OPEN;
  }

  /** Resolves when the connection has taken it. @throws Error when the client is gone */
  send(channel: number, data: Buffer | string = ''): Promise<void> {
    return new Promise((resolve, reject) => {
      this.#socket.send(channelMessage(channel, data), (error) =>
        error === null || error === undefined ? resolve() : reject(error),
      );
    });
  }

  /** The Status that a command ends with, and the end. */
  async end(status: Record<string, unknown>): Promise<void> {
    if (this.isOpen) await this.send(CHANNEL.error, JSON.stringify(status)).catch(() => {});
    this.#socket.close(1000);
  }
}

/** Pings until the socket closes; one that is silent for three pings, or idle for `idleMs`, is cut. */
export function watchPeer(socket: WebSocket, idleMs: number, isIdleSinceMs: () => number): void {
  let unanswered = 0;
  const timer = setInterval(() => {
    if (unanswered >= 3 || performance.now() - isIdleSinceMs() > idleMs) {
      socket.terminate();
      return;
    }
    unanswered += 1;
    socket.ping();
  }, PING_MS);
  timer.unref();
  const alive = () => {
    unanswered = 0;
  };
  socket
    .on('pong', alive)
    .on('message', alive)
    .once('close', () => clearInterval(timer));
}
