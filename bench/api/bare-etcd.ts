import { Etcd3Kv } from '../../api/storage/etcd/etcd-kv.ts';
import type { EtcdProcess } from '../../api/testing/etcd-process.ts';

/** etcd without an API server: as many connections as callers, by the client that the API server uses. */
export class BareEtcd {
  readonly #connections: readonly Etcd3Kv[];

  constructor({ connection }: EtcdProcess, count: number) {
    this.#connections = Array.from({ length: count }, () => new Etcd3Kv(connection));
  }

  async put(index: number, value: Buffer): Promise<void> {
    await this.#of(index).txn({ compare: [], success: [{ put: keyOf(index), value }] });
  }

  async get(index: number): Promise<void> {
    await this.#of(index).range({ key: keyOf(index) });
  }

  close(): void {
    for (const connection of this.#connections) connection.close();
  }

  #of(index: number): Etcd3Kv {
    const connection = this.#connections[index % this.#connections.length];
    if (connection === undefined) throw new RangeError('no connections');
    return connection;
  }
}

function keyOf(index: number): string {
  return `/bench/${index}`;
}
