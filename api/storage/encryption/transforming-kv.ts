import type { EtcdKv, KeyValue, RangeRequest, RangeResult, TxnRequest, TxnResult } from '../etcd/kv.ts';
import type { ValueTransformer } from './value-transformer.ts';

/** An etcd whose values are sealed on their way in and opened on their way out. */
export class TransformingKv implements EtcdKv {
  readonly #inner: EtcdKv;
  readonly #values: ValueTransformer;

  constructor(inner: EtcdKv, values: ValueTransformer) {
    this.#inner = inner;
    this.#values = values;
  }

  async range(request: RangeRequest): Promise<RangeResult> {
    const result = await this.#inner.range(request);
    return { ...result, items: result.items.map((item) => this.#open(item)) };
  }

  async txn(request: TxnRequest): Promise<TxnResult> {
    const success = request.success.map((operation) =>
      'put' in operation
        ? { put: operation.put, value: this.#values.seal(operation.put, operation.value) }
        : operation,
    );
    const result = await this.#inner.txn({ ...request, success });
    if (result.succeeded) return result;
    const observed = new Map<string, KeyValue | undefined>();
    for (const [key, item] of result.observed)
      observed.set(key, item === undefined ? undefined : this.#open(item));
    return { ...result, observed };
  }

  compact(revision: number): Promise<void> {
    return this.#inner.compact(revision);
  }

  close(): void {
    this.#inner.close();
  }

  #open(item: KeyValue): KeyValue {
    const value = this.#values.open(item.key, item.value);
    return value === item.value ? item : { ...item, value };
  }
}
