import { connect, createServer, type NetConnectOpts, type Server, type Socket } from 'node:net';

/** Where a guest port leads to in a test. */
export type PortTarget = NetConnectOpts | ((socket: Socket) => void);

/**
 * The VMM's side of hybrid vsock: a unix socket that reads `CONNECT <port>\n`, answers `OK <n>\n` and then is
 * the stream. Unknown ports are closed without an answer, as cloud-hypervisor does.
 */
export class FakeHybridVsock {
  readonly socketPath: string;
  readonly ports = new Map<number, PortTarget>();
  /** How many connections were asked for, by port. */
  readonly connectCounts = new Map<number, number>();
  readonly #server: Server;
  readonly #sockets = new Set<Socket>();

  private constructor(socketPath: string) {
    this.socketPath = socketPath;
    this.#server = createServer({ allowHalfOpen: true }, (socket) => this.#accept(socket));
  }

  static async listen(
    socketPath: string,
    ports: Readonly<Record<number, PortTarget>>,
  ): Promise<FakeHybridVsock> {
    const fake = new FakeHybridVsock(socketPath);
    for (const [port, target] of Object.entries(ports)) fake.ports.set(Number(port), target);
    await new Promise<void>((resolve, reject) => {
      fake.#server.once('error', reject).listen(socketPath, resolve);
    });
    return fake;
  }

  async close(): Promise<void> {
    for (const socket of this.#sockets) socket.destroy();
    await new Promise<void>((resolve) => this.#server.close(() => resolve()));
  }

  #accept(socket: Socket): void {
    this.#track(socket);
    let command = '';
    const onReadable = () => {
      for (let byte = socket.read(1); byte !== null; byte = socket.read(1)) {
        command += byte.toString('latin1');
        if (!command.endsWith('\n')) continue;
        socket.off('readable', onReadable);
        this.#connect(socket, Number(/^CONNECT (\d+)\n$/.exec(command)?.[1] ?? -1));
        return;
      }
    };
    socket.on('readable', onReadable);
  }

  #connect(socket: Socket, port: number): void {
    this.connectCounts.set(port, (this.connectCounts.get(port) ?? 0) + 1);
    const target = this.ports.get(port);
    if (target === undefined) {
      socket.destroy();
    } else if (typeof target === 'function') {
      socket.write('OK 1073741824\n');
      target(socket);
    } else {
      const guest = connect({ allowHalfOpen: true, ...target }, () => {
        socket.write('OK 1073741824\n');
        socket.pipe(guest).pipe(socket);
      });
      this.#track(guest);
      guest.on('close', () => socket.destroy());
      socket.on('close', () => guest.destroy());
    }
  }

  #track(socket: Socket): void {
    this.#sockets.add(socket);
    socket.on('error', () => {}).on('close', () => this.#sockets.delete(socket));
  }
}
