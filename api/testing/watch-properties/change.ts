import type { ApiObject } from '../../../crds/meta/meta.ts';

/** One state of one lease, as far as the properties look at it. */
export interface LeaseState {
  readonly token: string;
  /** The value of its label `side`. */
  readonly side: string;
}

/** One change of one lease: what was done, or what a watcher was told. */
export interface Change {
  readonly revision: number;
  readonly key: string;
  readonly type: 'ADDED' | 'MODIFIED' | 'DELETED';
  /** After the change; the last state, for a deletion. */
  readonly state: LeaseState;
  /** Before the change, where it is told. */
  readonly previous: LeaseState | undefined;
}

/** What a watcher received: a change, or the promise that all changes up to a revision were received. */
export type Received = Change | { readonly type: 'BOOKMARK'; readonly revision: number };

export function isChange(received: Received): received is Change {
  return received.type !== 'BOOKMARK';
}

export function stateOf({ metadata }: Pick<ApiObject, 'metadata'>): LeaseState {
  return { token: metadata.annotations?.written ?? '', side: metadata.labels?.side ?? '' };
}
