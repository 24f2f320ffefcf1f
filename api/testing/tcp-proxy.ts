import { connect, createServer, type Socket } from 'node:net';

/** How slow the way is, in each direction of each connection. */
export interface Slowness {
  /** Every piece of data is held this long, one piece after the other. */
  readonly delayMs: number;
  readonly bytesPerSecond: number;
}

/** A TCP relay on loopback that can cut, stop and slow what runs through it. */
export interface TcpProxy {
  readonly port: number;
  /** Connections that were made so far. */
  readonly connectionCount: number;
  /** Connections that are there now: what a cut would reset. */
  readonly openCount: number;
  /** Resets every connection at once, in the middle of whatever is on the way. */
  cut(): void;
  /** Holds everything back without a word, as a broken network does, until `heal`. */
  stall(): void;
  heal(): void;
  /** Slows all that comes from now on; undefined: as fast as can be. */
  slow(slowness: Slowness | undefined): void;
  close(): Promise<void>;
}

/** Where data wait for a stalled network. */
class Gate {
  #opened: Promise<void> = Promise.resolve();
  #open: (() => void) | undefined;

  get isOpen(): boolean {
    return this.#open === undefined;
  }

  shut(): void {
    if (this.#open !== undefined) return;
    this.#opened = new Promise((resolve) => {
      this.#open = resolve;
    });
  }

  open(): void {
    this.#open?.();
    this.#open = undefined;
  }

  async pass(): Promise<void> {
    while (!this.isOpen) await this.#opened;
  }
}

const pause = (ms: number) => new Promise((resolve) => setTimeout(resolve, ms));

/** Relays to `targetPort` on 127.0.0.1. */
export async function startTcpProxy(targetPort: number): Promise<TcpProxy> {
  const sockets = new Set<Socket>();
  const open = new Set<Socket>();
  const gate = new Gate();
  let slowness: Slowness | undefined;
  let connectionCount = 0;
  const hold = async (chunk: Buffer) => {
    if (slowness !== undefined)
      await pause(slowness.delayMs + (chunk.length / slowness.bytesPerSecond) * 1_000);
    await gate.pass();
  };
  const relay = async (from: Socket, to: Socket) => {
    try {
      for await (const chunk of from as AsyncIterable<Buffer>) {
        if (slowness !== undefined || !gate.isOpen) await hold(chunk);
        if (!to.write(chunk) && !to.destroyed) {
          await new Promise<void>((resolve) => {
            to.once('drain', resolve).once('close', resolve);
          });
        }
      }
      to.end();
    } catch {
      to.destroy();
    }
  };
  const server = createServer((inbound) => {
    connectionCount += 1;
    open.add(inbound);
    const outbound = connect(targetPort, '127.0.0.1');
    for (const [one, other] of [
      [inbound, outbound],
      [outbound, inbound],
    ] as const) {
      sockets.add(one);
      one.on('error', () => {});
      one.on('close', () => {
        sockets.delete(one);
        open.delete(inbound);
        other.destroy();
      });
      void relay(one, other);
    }
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const address = server.address();
  if (address === null || typeof address === 'string') throw new Error('the proxy has no TCP port');
  const cut = () => {
    open.clear();
    for (const socket of [...sockets]) socket.resetAndDestroy();
  };
  return {
    port: address.port,
    get connectionCount() {
      return connectionCount;
    },
    get openCount() {
      return open.size;
    },
    cut,
    stall: () => gate.shut(),
    heal: () => gate.open(),
    slow: (next) => {
      slowness = next;
    },
    close: async () => {
      const closed = new Promise((resolve) => server.close(resolve));
      gate.open();
      cut();
      await closed;
    },
  };
}
