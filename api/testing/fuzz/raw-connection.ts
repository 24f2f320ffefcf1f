import { connect, type TLSSocket } from 'node:tls';
import type { ApiAddress } from '../json-connection.ts';

/** A request as bytes: nothing between the fuzzer and the server repairs it. */
export interface RawRequest {
  readonly method: string;
  readonly path: string;
  readonly headers: readonly (readonly [string, string])[];
  readonly body: Buffer;
}

export interface RawAnswer {
  readonly code: number;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: Buffer;
  /** A stream that had not ended, as of a watch. */
  readonly isStream: boolean;
}

const HEAD_END = Buffer.from('\r\n\r\n');
const HANG_MS = 20_000;
/** A stream is looked at for so long; then it is left. */
const STREAM_MS = 50;

export function encodeRequest({ method, path, headers, body }: RawRequest): Buffer {
  const lines = [
    `${method} ${path} HTTP/1.1`,
    'Host: localhost',
    ...headers.map(([name, value]) => `${name}: ${value}`),
    ...(body.length === 0 ? [] : [`Content-Length: ${body.length}`]),
  ];
  return Buffer.concat([Buffer.from(`${lines.join('\r\n')}\r\n\r\n`, 'latin1'), body]);
}

function parseHead(head: string): Pick<RawAnswer, 'code' | 'headers'> {
  const [statusLine = '', ...lines] = head.split('\r\n');
  const code = Number(/^HTTP\/1\.1 (\d{3})/.exec(statusLine)?.[1]);
  if (Number.isNaN(code)) throw new Error(`not an HTTP status line: ${JSON.stringify(statusLine)}`);
  const headers: Record<string, string> = {};
  for (const line of lines) {
    const colon = line.indexOf(':');
    headers[line.slice(0, colon).toLowerCase()] = line.slice(colon + 1).trim();
  }
  return { code, headers };
}

/** One kept TLS connection, opened again when the server has closed it. */
export class RawConnection {
  readonly #address: ApiAddress;
  #socket: TLSSocket | undefined;

  constructor(address: ApiAddress) {
    this.#address = address;
  }

  /**
   * The server's answer; undefined when it closed the connection without one.
   * @throws Error when it gives none in time, or one that is not HTTP
   */
  exchange(request: RawRequest): Promise<RawAnswer | undefined> {
    const socket = this.#open();
    let received = Buffer.alloc(0);
    return new Promise((resolve, reject) => {
      let streamTimer: NodeJS.Timeout | undefined;
      const finish = (answer: RawAnswer | undefined, keep: boolean) => {
        clearTimeout(hangTimer);
        clearTimeout(streamTimer);
        socket.removeAllListeners('data').removeAllListeners('close');
        if (!keep) this.close();
        resolve(answer);
      };
      const hangTimer = setTimeout(() => {
        this.close();
        reject(new Error(`no answer within ${HANG_MS} ms`));
      }, HANG_MS);
      const take = (isOver: boolean) => {
        const headEnd = received.indexOf(HEAD_END);
        if (headEnd === -1) {
          if (isOver) finish(undefined, false);
          return;
        }
        const head = parseHead(received.subarray(0, headEnd).toString('latin1'));
        if (head.code === 100) {
          received = received.subarray(headEnd + HEAD_END.length);
          take(isOver);
          return;
        }
        const body = received.subarray(headEnd + HEAD_END.length);
        const isChunked = head.headers['transfer-encoding'] === 'chunked';
        const length =
          request.method === 'HEAD' || head.code === 304 ? 0 : Number(head.headers['content-length'] ?? 0);
        if (isChunked && request.method !== 'HEAD') {
          if (isOver) finish({ ...head, body, isStream: true }, false);
          else streamTimer ??= setTimeout(() => finish({ ...head, body, isStream: true }, false), STREAM_MS);
        } else if (body.length >= length) {
          finish(
            { ...head, body, isStream: false },
            head.headers.connection !== 'close' && !isChunked && !isOver,
          );
        } else if (isOver) {
          finish(undefined, false);
        }
      };
      socket.on('data', (chunk: Buffer) => {
        received = Buffer.concat([received, chunk]);
        try {
          take(false);
        } catch (error) {
          this.close();
          reject(error);
        }
      });
      socket.on('close', () => take(true));
      socket.write(encodeRequest(request));
    });
  }

  close(): void {
    this.#socket?.removeAllListeners('data').removeAllListeners('close').destroy();
    this.#socket = undefined;
  }

  #open(): TLSSocket {
    if (this.#socket !== undefined && !this.#socket.destroyed && this.#socket.writable) return this.#socket;
    const socket = connect({ ...this.#address, host: '127.0.0.1', servername: 'localhost' });
    socket.on('error', () => {});
    this.#socket = socket;
    return socket;
  }
}
