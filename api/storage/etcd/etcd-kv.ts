import type { Etcd3, IRangeRequest, IRangeResponse, IRequestOp, ITxnRequest } from 'etcd3';
import { classifyEtcdError } from './classify-error.ts';
import { type EtcdConnection, openEtcd3 } from './connection.ts';
import { keepGrpcErrors } from './grpc-call.ts';
import type {
  EtcdKv,
  KeyValue,
  ObserveEtcd,
  RangeRequest,
  RangeResult,
  TxnRequest,
  TxnResult,
} from './kv.ts';

/** Lists come in large pieces: a small window would cost a round trip for each. */
const WINDOW_BYTES = 8 * 1024 * 1024;

function toRangeRequest(request: RangeRequest): IRangeRequest {
  return {
    key: Buffer.from(request.key),
    ...(request.rangeEnd === undefined ? {} : { range_end: request.rangeEnd }),
    ...(request.limit === undefined ? {} : { limit: request.limit }),
    ...(request.revision === undefined ? {} : { revision: request.revision }),
    ...(request.countOnly === undefined ? {} : { count_only: request.countOnly }),
  };
}

/** Revisions fit a double: etcd would need millennia to pass 2^53. */
function toRangeResult(response: IRangeResponse): RangeResult {
  return {
    revision: Number(response.header?.revision ?? 0),
    items: response.kvs.map(({ key, value, mod_revision }) => ({
      key: key.toString(),
      value,
      modRevision: Number(mod_revision),
    })),
    more: response.more,
    count: Number(response.count),
  };
}

function toOperation(operation: TxnRequest['success'][number]): IRequestOp {
  return 'put' in operation
    ? { request_put: { key: Buffer.from(operation.put), value: operation.value } }
    : { request_delete_range: { key: Buffer.from(operation.delete) } };
}

/** Compares modification revisions; where one differs it reads all compared keys. */
function toTxnRequest({ compare, success }: TxnRequest): ITxnRequest {
  const keys = compare.map(({ key }) => Buffer.from(key));
  return {
    compare: compare.map(({ modRevision }, index) => ({
      key: keys[index] ?? Buffer.alloc(0),
      target: 'Mod' as const,
      result: 'Equal' as const,
      mod_revision: modRevision,
    })),
    success: success.map(toOperation),
    failure: keys.map((key) => ({ request_range: { key } })),
  };
}

/**
 * The key-value service of etcd through the `etcd3` package, one member's: reads are linearizable, nothing is
 * retried, every call has a deadline. All calls share one connection.
 */
export class Etcd3Kv implements EtcdKv {
  readonly #client: Etcd3;
  readonly #timeoutMs: number;
  readonly #observe: ObserveEtcd;

  /** @param connection its first endpoint is the member */
  constructor(connection: EtcdConnection, observe: ObserveEtcd = () => {}) {
    const [endpoint = ''] = connection.endpoints;
    this.#client = openEtcd3(connection, {
      endpoint,
      windowBytes: WINDOW_BYTES,
      transformCall: keepGrpcErrors,
    });
    this.#timeoutMs = connection.requestTimeoutMs;
    this.#observe = observe;
  }

  range(request: RangeRequest): Promise<RangeResult> {
    return this.#call('range', async (options) =>
      toRangeResult(await this.#client.kv.range(toRangeRequest(request), options)),
    );
  }

  txn(request: TxnRequest): Promise<TxnResult> {
    return this.#call('txn', async (options) => {
      const response = await this.#client.kv.txn(toTxnRequest(request), options);
      const observed = new Map<string, KeyValue | undefined>();
      if (!response.succeeded) {
        for (const [index, { key }] of request.compare.entries()) {
          const range = response.responses[index]?.response_range;
          observed.set(key, range === undefined ? undefined : toRangeResult(range).items[0]);
        }
      }
      return { succeeded: response.succeeded, revision: Number(response.header.revision), observed };
    });
  }

  compact(revision: number): Promise<void> {
    return this.#call('compact', async (options) => {
      await this.#client.kv.compact({ revision, physical: true }, options);
    });
  }

  close(): void {
    this.#client.close();
  }

  async #call<T>(operation: string, call: (options: { deadline: number }) => Promise<T>): Promise<T> {
    const startMs = performance.now();
    try {
      const result = await call({ deadline: Date.now() + this.#timeoutMs });
      this.#observe(operation, 'ok', performance.now() - startMs);
      return result;
    } catch (error) {
      const classified = classifyEtcdError(error);
      this.#observe(operation, classified.kind, performance.now() - startMs);
      throw classified;
    }
  }
}
