import { once } from 'node:events';
import { createServer, type Server, type Socket } from 'node:net';
import { type Duplex, pipeline } from 'node:stream';
import { osErrorText, VmFailure } from '../api-failure.ts';

export type Dial = (port: number) => Promise<Duplex | undefined>;

/** The VMM's buffer for a command. */
const commandBytesMax = 32;
/** Host ports of vsock connections are counted from here. */
const firstLocalPort = 1 << 30;

/**
 * The host's end of hybrid vsock: `CONNECT <port>\n` is answered by `OK <number>\n` when the guest took the
 * connection, and by a close when not.
 */
export class VsockServer {
  readonly #server: Server;
  readonly #open = new Set<Socket>();

  private constructor(server: Server) {
    this.#server = server;
  }

  /** Binds the socket, which must not be there: the VMM never clears a stale one. @throws VmFailure */
  static async listen(path: string, dial: Dial): Promise<VsockServer> {
    const server = createServer({ allowHalfOpen: true });
    const vsock = new VsockServer(server);
    let nextLocalPort = firstLocalPort;
    server.on('connection', (socket: Socket) => {
      vsock.#open.add(socket);
      socket.on('error', () => {}).on('close', () => vsock.#open.delete(socket));
      void serve(socket, dial, () => nextLocalPort++).catch(() => socket.destroy());
    });
    try {
      server.listen(path);
      await once(server, 'listening');
    } catch (error) {
      throw new VmFailure(
        'Error from device manager',
        'Cannot create virtio-vsock backend',
        'Error binding to the host-side Unix socket',
        osErrorText(error),
      );
    }
    return vsock;
  }

  /** Closes every connection and removes the socket. */
  close(): void {
    this.#server.close();
    for (const socket of this.#open) socket.destroy();
  }
}

async function serve(socket: Socket, dial: Dial, takeLocalPort: () => number): Promise<void> {
  const port = await readCommand(socket);
  const guest = port === undefined || socket.destroyed ? undefined : await dial(port);
  if (guest === undefined || socket.destroyed) {
    guest?.destroy();
    socket.destroy();
    return;
  }
  socket.write(`OK ${takeLocalPort()}\n`);
  pipeline(socket, guest, socket, () => {
    socket.destroy();
    guest.destroy();
  });
}

/** The port of a CONNECT command; undefined for anything else. Bytes after the newline stay in the socket. */
function readCommand(socket: Socket): Promise<number | undefined> {
  return new Promise((resolve) => {
    let command = '';
    const settle = (port: number | undefined) => {
      socket.off('readable', onReadable).off('end', onEnd).off('close', onEnd);
      resolve(port);
    };
    const onEnd = () => settle(undefined);
    const onReadable = () => {
      for (let byte: Buffer | null = socket.read(1); byte !== null; byte = socket.read(1)) {
        command += byte.toString('latin1');
        if (byte[0] === 0x0a || command.length >= commandBytesMax) {
          const digits = /^connect +(\d+) *\n$/i.exec(command)?.[1];
          settle(digits === undefined || Number(digits) > 0xffff_ffff ? undefined : Number(digits));
          return;
        }
      }
    };
    socket.on('readable', onReadable).on('end', onEnd).on('close', onEnd);
  });
}
