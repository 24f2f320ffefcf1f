/**
 * What went wrong between the API server and etcd:
 * - `unavailable`: no answer, no leader or a time-out. A write may or may not have happened.
 * - `no-space`: the NOSPACE alarm is on; only deletes and reads work.
 * - `compacted`: the asked revision is no longer kept.
 * - `future-revision`: the asked revision does not exist yet.
 * - `too-large`: etcd refuses a request of this size (1.5 MiB by default).
 * - `contention`: other writers won every retry.
 * - `internal`: anything else; a defect or a misconfiguration.
 */
export type StorageErrorKind =
  | 'unavailable'
  | 'no-space'
  | 'compacted'
  | 'future-revision'
  | 'too-large'
  | 'contention'
  | 'internal';

/** An etcd failure, classified once at the edge so that no caller matches on message texts. */
export class StorageError extends Error {
  readonly kind: StorageErrorKind;

  constructor(kind: StorageErrorKind, message: string, cause?: unknown) {
    super(message, cause === undefined ? undefined : { cause });
    this.name = 'StorageError';
    this.kind = kind;
  }
}
