import { once } from 'node:events';
import type { Socket } from 'node:net';
import type { WebSocket } from 'ws';
import type { VsockAddress } from '../../lib/http-over-vsock.ts';
import { connectVsock } from '../../lib/hybrid-vsock.ts';
import { FORWARDED_PORTS_MAX, parseChannelMessage } from '../../lib/remote-command/channels.ts';
import { Channels } from './channels.ts';
import { Refusal } from './refusal.ts';

/** What connections into one container need. */
export interface ForwardOptions {
  readonly forward: VsockAddress;
  /** The container's, in the guest's container network. */
  readonly address: string;
  readonly ports: readonly number[];
  readonly onActivity: () => void;
}

/** The ports of a request: `ports`, once or several times. @throws Refusal 400 */
export function parsePorts(query: URLSearchParams): readonly number[] {
  const texts = query.getAll('ports').flatMap((text) => text.split(','));
  if (texts.length === 0 || texts.length > FORWARDED_PORTS_MAX)
    throw new Refusal(
      400,
      'BadRequest',
      `name 1 to ${FORWARDED_PORTS_MAX} ports in the query, as ports=8080`,
    );
  return texts.map((text) => {
    const port = Number(text);
    if (Number.isInteger(port) && port > 0 && port < 65_536) return port;
    throw new Refusal(400, 'BadRequest', `ports: ${JSON.stringify(text)} is not a port from 1 to 65535`);
  });
}

/** The two bytes with which each channel begins: the port that it is for. */
function portBytes(port: number): Buffer {
  const bytes = Buffer.alloc(2);
  bytes.writeUInt16LE(port);
  return bytes;
}

/**
 * A connection to a port of a container. The guest's proxy learns the destination from a PROXY protocol line and
 * refuses what is outside of its container network.
 * Source: haproxy.org/download/2.6/doc/proxy-protocol.txt, version 1
 * @throws VsockError
 */
async function dial(
  { forward, address }: ForwardOptions,
  port: number,
  signal: AbortSignal,
): Promise<Socket> {
  const socket = await connectVsock(forward.socketPath, forward.port, { signal });
  socket.write(`PROXY TCP4 ${address} ${address} 1 ${port}\r\n`);
  return socket;
}

interface ForwardedPort {
  readonly index: number;
  readonly port: number;
  readonly open: () => Promise<Socket>;
  readonly onActivity: () => void;
}

/** One port's connection, from its channels' first bytes to its end. @throws Error when the client is gone */
async function carry(channels: Channels, { index, port, open, onActivity }: ForwardedPort): Promise<void> {
  const [dataChannel, errorChannel] = [2 * index, 2 * index + 1];
  await channels.send(dataChannel, portBytes(port));
  await channels.send(errorChannel, portBytes(port));
  const fail = (why: string) => channels.send(errorChannel, `port ${port}: ${why}`);
  try {
    let bytes = 0;
    for await (const data of (await open()) as AsyncIterable<Buffer>) {
      bytes += data.length;
      onActivity();
      await channels.send(dataChannel, data);
    }
    if (bytes === 0) await fail('nobody listens there, or the connection was ended unanswered');
  } catch (error) {
    if (channels.isOpen) await fail(error instanceof Error ? error.message : String(error));
  }
}

/**
 * Carries one connection a port over a client's WebSocket, until the client goes or all connections have ended.
 */
export async function runPortForward(client: WebSocket, options: ForwardOptions): Promise<void> {
  const channels = new Channels(client);
  const gone = new AbortController();
  const sockets = new Map<number, Socket>();
  client.once('close', () => {
    gone.abort(new Error('the client is gone'));
    for (const socket of sockets.values()) socket.destroy();
  });
  client.on('message', (raw: Buffer) => {
    options.onActivity();
    const message = parseChannelMessage(raw);
    const socket = message === undefined ? undefined : sockets.get(message.channel);
    if (message !== undefined && socket?.writable && !socket.write(message.data)) client.pause();
  });
  // What comes before the guest has answered waits in the client's connection, not here.
  client.pause();
  let awaited = options.ports.length;
  const open = async (index: number, port: number) => {
    try {
      const socket = await dial(options, port, gone.signal);
      socket.on('error', () => {}).on('drain', () => client.resume());
      sockets.set(2 * index, socket);
      return socket;
    } finally {
      awaited -= 1;
      if (awaited === 0) client.resume();
    }
  };
  await Promise.all(
    options.ports.map((port, index) =>
      carry(channels, { index, port, onActivity: options.onActivity, open: () => open(index, port) }).catch(
        () => {},
      ),
    ),
  );
  if (client.readyState !== client.OPEN) return;
  client.close(1000);
  await once(client, 'close').catch(() => {});
}
