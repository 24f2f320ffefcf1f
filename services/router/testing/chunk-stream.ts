import { once } from 'node:events';
import { WebSocket } from 'ws';
import { z } from 'zod';
import { eventually } from './eventually.ts';

const chunkSchema = z.object({ vm: z.string(), user: z.string(), number: z.int() });

/** A WebSocket through the edge that checks what it gets: numbered chunks, in order, of one VM and one user. */
export class ChunkStream {
  readonly #socket: WebSocket;
  readonly #vms = new Set<string>();
  #count = 0;
  #disorderCount = 0;

  private constructor(socket: WebSocket) {
    this.#socket = socket;
    socket.on('error', () => {});
    socket.on('message', (data) => {
      const chunk = chunkSchema.parse(JSON.parse(String(data)));
      if (chunk.number !== this.#count) this.#disorderCount += 1;
      this.#count += 1;
      this.#vms.add(`${chunk.user}@${chunk.vm}`);
    });
  }

  static async open(port: number, cookie: string, path = '/stream'): Promise<ChunkStream> {
    const socket = new WebSocket(`ws://127.0.0.1:${port}${path}`, { headers: { cookie } });
    const stream = new ChunkStream(socket);
    await once(socket, 'open');
    return stream;
  }

  /** `user@vm` of every chunk that came. */
  get sources(): readonly string[] {
    return [...this.#vms];
  }

  get disorderCount(): number {
    return this.#disorderCount;
  }

  get isOpen(): boolean {
    return this.#socket.readyState === WebSocket.OPEN;
  }

  /** Waits for this many chunks more. */
  async advance(chunkCount: number): Promise<void> {
    const target = this.#count + chunkCount;
    await eventually(() => {
      if (this.#count < target)
        throw new Error(`stream stands at ${this.#count}, wanted ${target}; open: ${this.isOpen}`);
    });
  }

  async untilClosed(): Promise<void> {
    await eventually(() => {
      if (this.#socket.readyState !== WebSocket.CLOSED) throw new Error('the stream is open');
    });
  }

  close(): void {
    this.#socket.terminate();
  }
}
