import type { ClientHttp2Session, ClientHttp2Stream, IncomingHttpHeaders } from 'node:http2';
import { beginCall, type GrpcConnection } from './grpc-connection.ts';
import { GRPC_CODE, GrpcError } from './grpc-error.ts';
import { frameMessage, GrpcFrameParser } from './grpc-frame.ts';

const HTTP2_REFUSED_STREAM = 7;

/** The headers of a method's calls, made once; `more` are names and values of its own. */
export function callHeaders(endpoint: string, path: string, more: readonly string[]): readonly string[] {
  const { protocol, host } = new URL(endpoint);
  return [
    ...[':method', 'POST', ':scheme', protocol.slice(0, -1), ':authority', host, ':path', path],
    ...['content-type', 'application/grpc', 'te', 'trailers', ...more],
  ];
}

function decodeMessage(text: string): string {
  try {
    return decodeURIComponent(text);
  } catch {
    return text;
  }
}

/** The status in the trailers, or in the headers of an answer without a body; undefined where there is none. */
function statusOf(headers: IncomingHttpHeaders): GrpcError | 'ok' | undefined {
  const status = headers['grpc-status'];
  if (status === '0') return 'ok';
  if (typeof status === 'string')
    return new GrpcError(Number(status), decodeMessage(String(headers['grpc-message'] ?? '')));
  const httpStatus = Number(headers[':status'] ?? 200);
  if (httpStatus === 200) return undefined;
  const code = [429, 502, 503, 504].includes(httpStatus) ? GRPC_CODE.unavailable : GRPC_CODE.unknown;
  return new GrpcError(code, `HTTP ${httpStatus} instead of an answer`);
}

/** Tells of the end of a call, once: undefined, or why it failed. */
export function onCallEnd(stream: ClientHttp2Stream, tell: (error: GrpcError | undefined) => void): void {
  let status: GrpcError | 'ok' | undefined;
  let cause: Error | undefined;
  stream.on('response', (headers) => {
    status = statusOf(headers);
  });
  stream.on('trailers', (headers) => {
    status = statusOf(headers);
  });
  stream.on('error', (error) => {
    cause = error;
  });
  stream.once('close', () => {
    if (status === 'ok') return tell(undefined);
    if (status !== undefined) return tell(status);
    const wasSent = stream.id !== undefined && stream.rstCode !== HTTP2_REFUSED_STREAM;
    const why = cause === undefined ? 'the connection was dropped' : cause.message;
    tell(new GrpcError(GRPC_CODE.unavailable, `etcd gave no answer: ${why}`, { wasSent, cause }));
  });
}

export interface UnaryCall {
  readonly headers: readonly string[];
  /** Its first GRPC_HEAD_BYTES are free. */
  readonly message: Buffer;
  readonly timeoutMs: number;
}

/**
 * One request and its one answer.
 * @throws GrpcError; with `wasSent` the server may have carried the request out
 */
export function unaryCall(connection: GrpcConnection, call: UnaryCall): Promise<Buffer> {
  return new Promise((resolve, reject) => {
    let stream: ClientHttp2Stream | undefined;
    const timer = setTimeout(() => {
      const wasSent = stream !== undefined;
      reject(new GrpcError(GRPC_CODE.deadlineExceeded, 'Deadline exceeded', { wasSent }));
      stream?.destroy();
      stream = undefined;
    }, call.timeoutMs);
    const fail = (error: unknown) => {
      clearTimeout(timer);
      reject(error);
    };
    const begin = (session: ClientHttp2Session) => {
      stream = beginCall(session, call.headers);
      readAnswer(
        stream,
        (bytes) => {
          clearTimeout(timer);
          resolve(bytes);
        },
        fail,
      );
      stream.end(frameMessage(call.message));
    };
    if (connection.session !== undefined) begin(connection.session);
    else connection.open().then(begin).catch(fail);
  });
}

function readAnswer(
  stream: ClientHttp2Stream,
  resolve: (message: Buffer) => void,
  reject: (error: unknown) => void,
): void {
  const chunks: Buffer[] = [];
  stream.on('data', (chunk: Buffer) => chunks.push(chunk));
  onCallEnd(stream, (error) => {
    if (error !== undefined) return reject(error);
    try {
      const [only, ...more] = chunks;
      const bytes = only !== undefined && more.length === 0 ? only : Buffer.concat(chunks);
      const [message] = new GrpcFrameParser().add(bytes);
      if (message === undefined) throw new GrpcError(GRPC_CODE.internal, 'an answer without a message');
      resolve(message);
    } catch (cause) {
      reject(cause);
    }
  });
}
