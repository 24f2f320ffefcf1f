import type { EtcdTls } from './connection.ts';
import type { EtcdKv, RangeRequest, RangeResult, TxnRequest, TxnResult } from './kv.ts';

interface Generation {
  readonly tls: EtcdTls;
  readonly kv: EtcdKv;
  callCount: number;
}

/**
 * Asks for the certificates before each call. When they are others, the call goes through new connections; the ones
 * before are closed once the calls that they carry are over, so that none of them fails.
 */
export class RenewingKv implements EtcdKv {
  readonly #currentTls: () => EtcdTls;
  readonly #open: (tls: EtcdTls) => EtcdKv;
  readonly #all = new Set<Generation>();
  #current: Generation;

  constructor(currentTls: () => EtcdTls, open: (tls: EtcdTls) => EtcdKv) {
    this.#currentTls = currentTls;
    this.#open = open;
    this.#current = this.#start(currentTls());
  }

  range(request: RangeRequest): Promise<RangeResult> {
    return this.#call((kv) => kv.range(request));
  }

  txn(request: TxnRequest): Promise<TxnResult> {
    return this.#call((kv) => kv.txn(request));
  }

  compact(revision: number): Promise<void> {
    return this.#call((kv) => kv.compact(revision));
  }

  close(): void {
    for (const { kv } of this.#all) kv.close();
    this.#all.clear();
  }

  #start(tls: EtcdTls): Generation {
    const generation = { tls, kv: this.#open(tls), callCount: 0 };
    this.#all.add(generation);
    return generation;
  }

  #closeIfOver(generation: Generation): void {
    if (generation === this.#current || generation.callCount > 0) return;
    // One that `close` has already closed is no longer among them.
    if (this.#all.delete(generation)) generation.kv.close();
  }

  async #call<T>(call: (kv: EtcdKv) => Promise<T>): Promise<T> {
    const tls = this.#currentTls();
    const before = this.#current;
    if (tls !== before.tls) {
      this.#current = this.#start(tls);
      this.#closeIfOver(before);
    }
    const used = this.#current;
    used.callCount += 1;
    try {
      return await call(used.kv);
    } finally {
      used.callCount -= 1;
      this.#closeIfOver(used);
    }
  }
}
