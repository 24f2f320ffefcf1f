import { connect, createServer, type Socket } from 'node:net';

/** A TCP relay on loopback that can cut what runs through it. */
export interface TcpProxy {
  readonly port: number;
  /** Connections that were made so far. */
  readonly connectionCount: number;
  /** Resets every connection at once, in the middle of whatever is on the way. */
  cut(): void;
  close(): Promise<void>;
}

/** Relays to `targetPort` on 127.0.0.1. */
export async function startTcpProxy(targetPort: number): Promise<TcpProxy> {
  const sockets = new Set<Socket>();
  let connectionCount = 0;
  const server = createServer((inbound) => {
    connectionCount += 1;
    const outbound = connect(targetPort, '127.0.0.1');
    for (const [one, other] of [
      [inbound, outbound],
      [outbound, inbound],
    ] as const) {
      sockets.add(one);
      one.on('error', () => {});
      one.on('close', () => {
        sockets.delete(one);
        other.destroy();
      });
    }
    inbound.pipe(outbound).pipe(inbound);
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const address = server.address();
  if (address === null || typeof address === 'string') throw new Error('the proxy has no TCP port');
  const cut = () => {
    for (const socket of [...sockets]) socket.resetAndDestroy();
  };
  return {
    port: address.port,
    get connectionCount() {
      return connectionCount;
    },
    cut,
    close: async () => {
      const closed = new Promise((resolve) => server.close(resolve));
      cut();
      await closed;
    },
  };
}
