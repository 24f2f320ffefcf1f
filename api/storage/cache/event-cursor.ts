import type { WindowEvent } from './window-event.ts';

/** A reader's place in the ordered changes of one resource. Pulled, so that a slow reader queues nothing. */
export interface EventCursor {
  /** The next change; undefined when there is none yet; `expired` when the place is no longer kept. */
  next(): WindowEvent | 'expired' | undefined;
  /** Every change up to this revision was handed out by `next`. */
  readonly revision: number;
  close(): void;
}
