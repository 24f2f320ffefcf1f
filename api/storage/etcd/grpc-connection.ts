import {
  type ClientHttp2Session,
  type ClientHttp2Stream,
  connect,
  type SecureClientSessionOptions,
} from 'node:http2';
import { type EtcdConnection, sessionOptions } from './connection.ts';
import { GRPC_CODE, GrpcError } from './grpc-error.ts';

/** After a connection could not be made, callers are told so at once for as long; etcd is near and back soon. */
const BACKOFF_MS = 100;
/** etcd refuses pings closer than 5 s, and all of them on a connection without a call. */
const PING_INTERVAL_MS = 10_000;
const PING_TIMEOUT_MS = 5_000;
/** What a session may hold, in MB; Node's own 10 would refuse new calls while a large list comes in. */
const SESSION_MEMORY_MB = 4_096;

export interface GrpcConnectionOptions {
  readonly connection: EtcdConnection;
  /** The member: one of the connection's endpoints. */
  readonly endpoint: string;
  /** Bytes that it may send of one answer ahead of what was read. */
  readonly windowBytes: number;
}

function http2Options({ connection, windowBytes }: GrpcConnectionOptions): SecureClientSessionOptions {
  return {
    maxSessionMemory: SESSION_MEMORY_MB,
    settings: { enablePush: false, initialWindowSize: windowBytes },
    ...sessionOptions(connection),
  };
}

/** One HTTP/2 connection to one etcd member, opened when it is needed and again when it broke. */
export class GrpcConnection {
  readonly #options: GrpcConnectionOptions;
  #session: ClientHttp2Session | undefined;
  #opening: Promise<ClientHttp2Session> | undefined;
  #failure: { readonly error: GrpcError; readonly atMs: number } | undefined;
  #isClosed = false;

  constructor(options: GrpcConnectionOptions) {
    this.#options = options;
  }

  /** The open connection; undefined where it must be made first. */
  get session(): ClientHttp2Session | undefined {
    return this.#session;
  }

  close(): void {
    this.#isClosed = true;
    this.#session?.destroy();
    this.#session = undefined;
  }

  /** The open connection, made where there is none. @throws GrpcError of a call that was never sent */
  open(): Promise<ClientHttp2Session> {
    if (this.#session !== undefined) return Promise.resolve(this.#session);
    if (this.#isClosed) return Promise.reject(neverSent('the etcd client was closed'));
    const failure = this.#failure;
    if (failure !== undefined && performance.now() - failure.atMs < BACKOFF_MS)
      return Promise.reject(failure.error);
    this.#opening ??= this.#connect().finally(() => {
      this.#opening = undefined;
    });
    return this.#opening;
  }

  #connect(): Promise<ClientHttp2Session> {
    const { endpoint, connection } = this.#options;
    return new Promise((resolve, reject) => {
      const session = connect(endpoint, http2Options(this.#options));
      const fail = (cause?: Error) => {
        clearTimeout(timer);
        const why = cause === undefined ? 'the connection was closed' : cause.message;
        const error = neverSent(`No connection to ${endpoint}: ${why}`, cause);
        this.#failure = { error, atMs: performance.now() };
        session.destroy();
        reject(error);
      };
      const timer = setTimeout(() => fail(new Error('timed out')), connection.requestTimeoutMs);
      session.on('error', fail);
      session.once('close', fail);
      session.once('connect', () => {
        clearTimeout(timer);
        session.removeListener('close', fail);
        if (this.#isClosed) fail();
        else resolve(this.#use(session));
      });
    });
  }

  #use(session: ClientHttp2Session): ClientHttp2Session {
    session.setLocalWindowSize(this.#options.windowBytes * 2);
    this.#failure = undefined;
    this.#session = session;
    const pings = setInterval(() => checkLife(session), PING_INTERVAL_MS).unref();
    const drop = () => {
      if (this.#session === session) this.#session = undefined;
    };
    // Calls under way may end on it; new ones go elsewhere.
    session.once('goaway', drop);
    session.once('close', () => {
      clearInterval(pings);
      drop();
    });
    return session;
  }
}

function neverSent(message: string, cause?: unknown): GrpcError {
  return new GrpcError(GRPC_CODE.unavailable, message, { wasSent: false, cause });
}

/** Calls that are under way on a session. */
const callCounts = new WeakMap<ClientHttp2Session, number>();

/** Begins a call; `headers` are Node's flat list of names and values. */
export function beginCall(session: ClientHttp2Session, headers: readonly string[]): ClientHttp2Stream {
  const stream = session.request(headers, { endStream: false });
  callCounts.set(session, (callCounts.get(session) ?? 0) + 1);
  stream.once('close', () => callCounts.set(session, (callCounts.get(session) ?? 1) - 1));
  return stream;
}

/** Asks whether the other side still lives; a connection that does not answer is given up. */
function checkLife(session: ClientHttp2Session): void {
  if (session.destroyed || (callCounts.get(session) ?? 0) === 0) return;
  const giveUp = () => session.destroy(new Error(`no answer to a ping for ${PING_TIMEOUT_MS} ms`));
  const timer = setTimeout(giveUp, PING_TIMEOUT_MS).unref();
  session.ping(() => clearTimeout(timer));
}
