import { Etcd3, type IRangeRequest, type IRangeResponse, type IRequestOp } from 'etcd3';
import { classifyEtcdError } from './classify-error.ts';
import { channelOptions, type EtcdConnection, tlsOf } from './connection.ts';
import type {
  EtcdKv,
  KeyValue,
  ObserveEtcd,
  RangeRequest,
  RangeResult,
  TxnRequest,
  TxnResult,
} from './kv.ts';
import { noRetryPolicy } from './no-retry-policy.ts';

function toRangeResult(response: IRangeResponse): RangeResult {
  return {
    revision: Number(response.header?.revision ?? 0),
    items: response.kvs.map((kv) => ({
      key: kv.key.toString(),
      value: kv.value,
      modRevision: Number(kv.mod_revision),
    })),
    more: response.more,
    count: Number(response.count),
  };
}

function toRequest(request: RangeRequest): IRangeRequest {
  return {
    key: Buffer.from(request.key),
    ...(request.rangeEnd === undefined ? {} : { range_end: request.rangeEnd }),
    ...(request.limit === undefined ? {} : { limit: request.limit }),
    ...(request.revision === undefined ? {} : { revision: request.revision }),
    ...(request.countOnly === undefined ? {} : { count_only: request.countOnly }),
  };
}

function toOperations(request: TxnRequest): IRequestOp[] {
  return request.success.map((operation) =>
    'put' in operation
      ? { request_put: { key: Buffer.from(operation.put), value: operation.value } }
      : { request_delete_range: { key: Buffer.from(operation.delete) } },
  );
}

/** etcd through the `etcd3` package: reads are linearizable, nothing is retried, every call has a deadline. */
export class Etcd3Kv implements EtcdKv {
  readonly #client: Etcd3;
  readonly #observe: ObserveEtcd;

  constructor(connection: EtcdConnection, observe: ObserveEtcd = () => {}) {
    this.#observe = observe;
    const tls = tlsOf(connection);
    this.#client = new Etcd3({
      hosts: [...connection.endpoints],
      ...(tls === undefined
        ? {}
        : {
            credentials: {
              rootCertificate: tls.ca,
              privateKey: tls.key,
              certChain: tls.cert,
            },
          }),
      grpcOptions: channelOptions(connection),
      faultHandling: { global: noRetryPolicy, host: () => noRetryPolicy },
      defaultCallOptions: () => ({ deadline: Date.now() + connection.requestTimeoutMs }),
    });
  }

  async range(request: RangeRequest): Promise<RangeResult> {
    return toRangeResult(await this.#timed('range', () => this.#client.kv.range(toRequest(request))));
  }

  async txn(request: TxnRequest): Promise<TxnResult> {
    const response = await this.#timed('txn', () =>
      this.#client.kv.txn({
        compare: request.compare.map(({ key, modRevision }) => ({
          key: Buffer.from(key),
          target: 'Mod' as const,
          result: 'Equal' as const,
          mod_revision: modRevision,
        })),
        success: toOperations(request),
        failure: request.compare.map(({ key }) => ({ request_range: { key: Buffer.from(key) } })),
      }),
    );
    const observed = new Map<string, KeyValue | undefined>();
    if (!response.succeeded) {
      for (const [index, { key }] of request.compare.entries()) {
        const range = response.responses[index]?.response_range;
        observed.set(key, range === undefined ? undefined : toRangeResult(range).items[0]);
      }
    }
    return { succeeded: response.succeeded, revision: Number(response.header.revision), observed };
  }

  async compact(revision: number): Promise<void> {
    await this.#timed('compact', () => this.#client.kv.compact({ revision, physical: true }));
  }

  close(): void {
    this.#client.close();
  }

  async #timed<T>(operation: string, call: () => Promise<T>): Promise<T> {
    const startMs = performance.now();
    try {
      const result = await call();
      this.#observe(operation, 'ok', performance.now() - startMs);
      return result;
    } catch (error) {
      const classified = classifyEtcdError(error);
      this.#observe(operation, classified.kind, performance.now() - startMs);
      throw classified;
    }
  }
}
