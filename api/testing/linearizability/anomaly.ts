/** The ways in which a history can be wrong. */
export type AnomalyKind =
  /** An acknowledged write is not in the store's history. */
  | 'lost-write'
  /** A write over a state that its writer had not seen, or one that undid another's. */
  | 'lost-update'
  /** The store holds what nobody wrote, or what was refused or a dry run. */
  | 'phantom-write'
  /** One write was carried out twice, or one object made or deleted twice. */
  | 'duplicate-write'
  /** A read of what the store never held. */
  | 'dirty-read'
  /** A read, a refusal or a write from before something that had already been seen. */
  | 'stale'
  /** A list that is of no single revision. */
  | 'torn-list'
  | 'watch-missing'
  | 'watch-duplicate'
  | 'watch-order'
  /** A watch event that tells a change wrongly, or one that never was. */
  | 'watch-content'
  /** An answer that the server must never give. */
  | 'defect';

export interface Anomaly {
  readonly kind: AnomalyKind;
  /** What was seen, and what should have been. */
  readonly detail: string;
}
