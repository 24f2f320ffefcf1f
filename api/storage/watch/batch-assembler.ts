import type { IEvent, IWatchResponse } from 'etcd3';
import { type KeyEvent, toKeyEvent } from './watch-event.ts';

/**
 * Makes whole, ordered, duplicate-free batches out of watch answers. A batch is delivered only when its last
 * fragment is there, since a revision must be seen whole or not at all; what is at or below the last delivered
 * revision is dropped, since etcd before 3.4.25 may send it twice or go back after a member's snapshot.
 */
export class BatchAssembler {
  #fragments: IEvent[] = [];
  #deliveredRevision: number;

  constructor(deliveredRevision: number) {
    this.#deliveredRevision = deliveredRevision;
  }

  /** All events up to this revision were delivered. */
  get deliveredRevision(): number {
    return this.#deliveredRevision;
  }

  /** Forgets a half-received batch: a new connection sends it again from its beginning. */
  dropFragments(): void {
    this.#fragments = [];
  }

  /** The events that are now deliverable, in order; none while fragments are missing. */
  add(response: IWatchResponse): readonly KeyEvent[] {
    this.#fragments.push(...response.events);
    if (response.fragment) return [];
    const events = this.#fragments
      .map(toKeyEvent)
      .filter(({ modRevision }) => modRevision > this.#deliveredRevision);
    this.#fragments = [];
    const last = events.at(-1);
    if (last !== undefined) this.#deliveredRevision = last.modRevision;
    return events;
  }

  /** A progress answer for this very watch: nothing happened up to `revision`. */
  advance(revision: number): void {
    if (this.#fragments.length === 0) this.#deliveredRevision = Math.max(this.#deliveredRevision, revision);
  }
}
