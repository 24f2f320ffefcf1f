import { TransformingKv } from '../encryption/transforming-kv.ts';
import { StorageError } from '../storage-error.ts';
import { wasNeverSent } from './classify-error.ts';
import type { EtcdConnection } from './connection.ts';
import { Etcd3Kv } from './etcd-kv.ts';
import type { EtcdKv, ObserveEtcd, RangeRequest, RangeResult, TxnRequest, TxnResult } from './kv.ts';
import { RenewingKv } from './renewing-kv.ts';

/**
 * The members of one etcd: all calls go to one of them, and to the next once that one fails. A read is then asked
 * again, a transaction only if it was never sent: what may have been carried out is for its caller to find out.
 */
export class FailoverKv implements EtcdKv {
  readonly #members: readonly EtcdKv[];
  #current = 0;

  constructor(members: readonly EtcdKv[]) {
    this.#members = members;
  }

  range(request: RangeRequest): Promise<RangeResult> {
    return this.#call(
      (member) => member.range(request),
      () => true,
    );
  }

  txn(request: TxnRequest): Promise<TxnResult> {
    return this.#call((member) => member.txn(request), wasNeverSent);
  }

  compact(revision: number): Promise<void> {
    return this.#call((member) => member.compact(revision), wasNeverSent);
  }

  close(): void {
    for (const member of this.#members) member.close();
  }

  async #call<T>(
    call: (member: EtcdKv) => Promise<T>,
    mayRepeat: (error: StorageError) => boolean,
  ): Promise<T> {
    for (let attempt = 1; ; attempt += 1) {
      const used = this.#current;
      const member = this.#members[used];
      if (member === undefined) throw new RangeError('etcd has no members');
      try {
        return await call(member);
      } catch (error) {
        if (!(error instanceof StorageError) || error.kind !== 'unavailable') throw error;
        // Of many calls that fail at once, one moves on.
        if (this.#current === used) this.#current = (used + 1) % this.#members.length;
        if (attempt >= this.#members.length || !mayRepeat(error)) throw error;
      }
    }
  }
}

function openMembers(connection: EtcdConnection, observe: ObserveEtcd | undefined): EtcdKv {
  const [first, ...others] = connection.endpoints.map(
    (endpoint) => new Etcd3Kv({ ...connection, endpoints: [endpoint] }, observe),
  );
  if (first === undefined) throw new RangeError('etcd has no endpoints');
  return others.length === 0 ? first : new FailoverKv([first, ...others]);
}

/** The key-value service of an etcd of one member or several, under the certificates of the time of each call. */
export function openKv(connection: EtcdConnection, observe?: ObserveEtcd): EtcdKv {
  const { tls } = connection;
  const kv =
    typeof tls === 'function'
      ? new RenewingKv(tls, (current) => openMembers({ ...connection, tls: current }, observe))
      : openMembers(connection, observe);
  return connection.values === undefined ? kv : new TransformingKv(kv, connection.values);
}
