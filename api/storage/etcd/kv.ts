/** One key as etcd holds it. */
export interface KeyValue {
  readonly key: string;
  readonly value: Buffer;
  /** Revision of the write that made this value. */
  readonly modRevision: number;
}

export interface RangeRequest {
  readonly key: string;
  /** Exclusive; only `key` itself when absent. */
  readonly rangeEnd?: Buffer;
  readonly limit?: number;
  /** Read as of this revision; the newest, linearizable, when absent. */
  readonly revision?: number;
  readonly countOnly?: boolean;
}

export interface RangeResult {
  /** The store's revision when it answered. */
  readonly revision: number;
  /** In key order. */
  readonly items: readonly KeyValue[];
  readonly more: boolean;
  /** Keys in the whole range, whatever the limit. */
  readonly count: number;
}

/** The key must stand at this revision; 0: it must not exist. */
export interface Compare {
  readonly key: string;
  readonly modRevision: number;
}

export type Operation = { readonly put: string; readonly value: Buffer } | { readonly delete: string };

export interface TxnRequest {
  readonly compare: readonly Compare[];
  /** All or none are carried out, in one revision; no key twice. */
  readonly success: readonly Operation[];
}

export interface TxnResult {
  readonly succeeded: boolean;
  /** Revision of the writes when it succeeded. */
  readonly revision: number;
  /** When it did not: what stands at each compared key. */
  readonly observed: ReadonlyMap<string, KeyValue | undefined>;
}

/** Told of each etcd call: what, `ok` or the kind of failure, how long. */
export type ObserveEtcd = (operation: string, outcome: string, durationMs: number) => void;

/**
 * The narrow face of etcd's key-value service.
 * Every method throws StorageError and nothing else.
 */
export interface EtcdKv {
  range(request: RangeRequest): Promise<RangeResult>;
  txn(request: TxnRequest): Promise<TxnResult>;
  /** Forgets the history below `revision`. */
  compact(revision: number): Promise<void>;
  close(): void;
}
