import { createSocket } from 'node:dgram';
import { type AccessLogEntry, parseAccessLog } from './access-log.ts';

export interface AccessLogReceiverOptions {
  /** UDP port on loopback; 0 takes a free one. */
  readonly port: number;
  readonly onEntry: (entry: AccessLogEntry) => void;
  readonly onUnreadable: () => void;
}

export interface AccessLogReceiver {
  readonly port: number;
  close(): Promise<void>;
}

/**
 * Receives HAProxy's access log. HAProxy never waits for it: lines that find no reader are lost.
 * @throws Error with code EADDRINUSE when the port is taken
 */
export async function receiveAccessLog(options: AccessLogReceiverOptions): Promise<AccessLogReceiver> {
  const socket = createSocket({ type: 'udp4', recvBufferSize: 4 * 2 ** 20 });
  socket.on('message', (message) => {
    const entry = parseAccessLog(message.toString('utf8'));
    if (entry === undefined) options.onUnreadable();
    else options.onEntry(entry);
  });
  await new Promise<void>((resolve, reject) => {
    socket.once('error', reject);
    socket.bind(options.port, '127.0.0.1', () => {
      socket.off('error', reject);
      resolve();
    });
  });
  return {
    port: socket.address().port,
    close: () => new Promise((resolve) => socket.close(() => resolve())),
  };
}
