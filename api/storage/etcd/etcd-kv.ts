import { classifyEtcdError } from './classify-error.ts';
import type { EtcdConnection } from './connection.ts';
import { callHeaders, unaryCall } from './grpc-call.ts';
import { GrpcConnection } from './grpc-connection.ts';
import type { EtcdKv, ObserveEtcd, RangeRequest, RangeResult, TxnRequest, TxnResult } from './kv.ts';
import { decodeRange, decodeTxn, encodeCompaction, encodeRange, encodeTxn } from './kv-messages.ts';

const METHODS = { range: 'Range', txn: 'Txn', compact: 'Compact' } as const;

/** Lists come in large pieces: a small window would cost a round trip for each. */
const WINDOW_BYTES = 8 * 1024 * 1024;

type Operation = keyof typeof METHODS;

/**
 * The key-value service of etcd's API v3, one member's: reads are linearizable, nothing is retried, every call has
 * a deadline. All calls share one connection.
 */
export class Etcd3Kv implements EtcdKv {
  readonly #connection: GrpcConnection;
  readonly #headers: Readonly<Record<Operation, readonly string[]>>;
  readonly #timeoutMs: number;
  readonly #observe: ObserveEtcd;

  /** @param connection its first endpoint is the member */
  constructor(connection: EtcdConnection, observe: ObserveEtcd = () => {}) {
    const { requestTimeoutMs, endpoints } = connection;
    const [endpoint = ''] = endpoints;
    // The member gives up after as long.
    const timeout = ['grpc-timeout', `${requestTimeoutMs}m`];
    const headers = (method: string) => callHeaders(endpoint, `/etcdserverpb.KV/${method}`, timeout);
    this.#connection = new GrpcConnection({ connection, endpoint, windowBytes: WINDOW_BYTES });
    this.#headers = {
      range: headers(METHODS.range),
      txn: headers(METHODS.txn),
      compact: headers(METHODS.compact),
    };
    this.#timeoutMs = requestTimeoutMs;
    this.#observe = observe;
  }

  range(request: RangeRequest): Promise<RangeResult> {
    return this.#call('range', encodeRange(request), decodeRange);
  }

  txn(request: TxnRequest): Promise<TxnResult> {
    return this.#call('txn', encodeTxn(request), (bytes) => decodeTxn(bytes, request));
  }

  compact(revision: number): Promise<void> {
    return this.#call('compact', encodeCompaction(revision), () => undefined);
  }

  close(): void {
    this.#connection.close();
  }

  async #call<T>(operation: Operation, message: Buffer, decode: (bytes: Buffer) => T): Promise<T> {
    const startMs = performance.now();
    try {
      const headers = this.#headers[operation];
      const bytes = await unaryCall(this.#connection, { headers, message, timeoutMs: this.#timeoutMs });
      const result = decode(bytes);
      this.#observe(operation, 'ok', performance.now() - startMs);
      return result;
    } catch (error) {
      const classified = classifyEtcdError(error);
      this.#observe(operation, classified.kind, performance.now() - startMs);
      throw classified;
    }
  }
}
