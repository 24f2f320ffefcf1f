import { StoredObject } from '../stored-object.ts';
import type { KeyEvent } from '../watch/watch-event.ts';
import type { EventCursor } from './event-cursor.ts';
import { WakeQueue } from './wake-queue.ts';
import { WindowEvent } from './window-event.ts';

export interface ResourceWindowLimits {
  readonly eventsMax: number;
  readonly bytesMax: number;
}

/** Watchers that are told of changes in one go: some 100 us of writes to sockets. */
const WAKE_SLICE = 8;

/**
 * The present objects of one resource and its most recent changes. Watchers are cursors into the changes: a
 * change is kept and encoded once, however many watch. What falls off the end expires the cursors behind it.
 */
export class ResourceWindow {
  readonly #limits: ResourceWindowLimits;
  readonly #listeners = new Set<() => void>();
  readonly #readers = new Set<() => void>();
  readonly #wakeQueue = new WakeQueue(WAKE_SLICE);
  readonly #streamRevision: () => number;
  #state = new Map<string, StoredObject>();
  /** Made when it is asked for; undefined since a key came or went. */
  #sortedKeys: string[] | undefined;
  #events: WindowEvent[] = [];
  /** Sequence number of `#events[0]`. */
  #firstSequence = 0;
  #sizeBytes = 0;
  #floorRevision: number;
  #epoch = 0;
  #version = 0;

  /** @param streamRevision all changes up to it were applied */
  constructor(limits: ResourceWindowLimits, floorRevision: number, streamRevision: () => number) {
    this.#limits = limits;
    this.#floorRevision = floorRevision;
    this.#streamRevision = streamRevision;
  }

  /** Every change after this revision is, or will be, in the window. */
  get floorRevision(): number {
    return this.#floorRevision;
  }

  /** Rises with every change. */
  get version(): number {
    return this.#version;
  }

  /** Tells of changes until the function that it returns is called. */
  onChange(listener: () => void): () => void {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  }

  get watcherCount(): number {
    return this.#readers.size;
  }

  get(key: string): StoredObject | undefined {
    return this.#state.get(key);
  }

  /** Present objects below a prefix, in key order. */
  *objects(prefix: string): Generator<StoredObject> {
    const keys = this.#keysInOrder();
    for (let index = firstAtOrAfter(keys, prefix); index < keys.length; index += 1) {
      const key = keys[index] ?? '';
      if (!key.startsWith(prefix)) return;
      const stored = this.#state.get(key);
      if (stored !== undefined) yield stored;
    }
  }

  /** How many objects there are below a prefix. */
  count(prefix: string): number {
    const keys = this.#keysInOrder();
    // Nothing that is a key sorts behind it and still begins with the prefix.
    return firstAtOrAfter(keys, `${prefix}\uffff`) - firstAtOrAfter(keys, prefix);
  }

  #keysInOrder(): readonly string[] {
    // Keys are ASCII, so that this is etcd's order of bytes; all but the newest are sorted already.
    this.#sortedKeys ??= [...this.#state.keys()].sort();
    return this.#sortedKeys;
  }

  /** Starts anew from a full list; every cursor expires. */
  reset(state: Map<string, StoredObject>, floorRevision: number): void {
    this.#state = state;
    this.#sortedKeys = undefined;
    this.#dropEvents(this.#events.length);
    this.#floorRevision = floorRevision;
    this.#epoch += 1;
    this.#version += 1;
    this.notify();
  }

  /**
   * Takes in one change.
   * @param listRevision changes up to it are in the state already and only fill the window
   */
  apply(event: KeyEvent, listRevision: number): void {
    this.#version += 1;
    const isHistory = event.modRevision <= listRevision;
    const previous = isHistory ? previousOf(event) : this.#state.get(event.key);
    const change = toWindowEvent(event, previous, isHistory ? this.#state.get(event.key) : undefined);
    if (!isHistory && (event.type === 'delete' || !this.#state.has(event.key))) this.#sortedKeys = undefined;
    if (!isHistory && event.type === 'delete') this.#state.delete(event.key);
    if (change === undefined) {
      this.#dropEvents(this.#events.length);
      this.#floorRevision = event.modRevision;
      return;
    }
    if (!isHistory && event.type === 'put') this.#state.set(event.key, change.current);
    this.#events.push(change);
    this.#sizeBytes += change.sizeBytes;
    this.#trim();
  }

  /** Tells the listeners of changes that were applied, and begins to wake the readers. */
  notify(): void {
    for (const listener of [...this.#listeners]) listener();
    this.#wakeQueue.wake(this.#readers);
  }

  /** A cursor behind `revision`, or undefined when the window no longer reaches back so far. */
  cursorAfter(revision: number, onReadable: () => void): EventCursor | undefined {
    if (revision < this.#floorRevision) return undefined;
    const epoch = this.#epoch;
    let sequence = this.#firstSequence + lowerBound(this.#events, revision);
    let handedOut = revision;
    this.#readers.add(onReadable);
    const pending = () => sequence < this.#firstSequence + this.#events.length;
    const streamRevision = this.#streamRevision;
    return {
      next: () => {
        if (epoch !== this.#epoch || sequence < this.#firstSequence) return 'expired';
        while (pending()) {
          const event = this.#events[sequence - this.#firstSequence];
          sequence += 1;
          if (event === undefined || event.revision <= revision) continue;
          handedOut = event.revision;
          return event;
        }
        return undefined;
      },
      get revision() {
        return pending() ? handedOut : Math.max(handedOut, streamRevision());
      },
      close: () => {
        this.#readers.delete(onReadable);
        this.#wakeQueue.forget(onReadable);
      },
    };
  }

  #trim(): void {
    const { eventsMax, bytesMax } = this.#limits;
    if (this.#events.length <= eventsMax && this.#sizeBytes <= bytesMax) return;
    // A quarter at once, so that trimming costs little a change.
    const dropCount = Math.ceil(this.#events.length / 4);
    this.#floorRevision = this.#events[dropCount - 1]?.revision ?? this.#floorRevision;
    this.#dropEvents(dropCount);
  }

  #dropEvents(count: number): void {
    const dropped = this.#events.splice(0, count);
    this.#firstSequence += dropped.length;
    for (const event of dropped) this.#sizeBytes -= event.sizeBytes;
  }
}

/** Index of the first event after `revision`. */
function lowerBound(events: readonly WindowEvent[], revision: number): number {
  let low = 0;
  let high = events.length;
  while (low < high) {
    const middle = (low + high) >>> 1;
    if ((events[middle]?.revision ?? 0) <= revision) low = middle + 1;
    else high = middle;
  }
  return low;
}

function previousOf(event: KeyEvent): StoredObject | undefined {
  const { previous } = event;
  return previous === undefined
    ? undefined
    : new StoredObject(event.key, previous.value, previous.modRevision);
}

/**
 * The change as watchers see it; undefined when what was there before is compacted away.
 * @param known an object already in memory, used when it is this very revision
 */
export function toWindowEvent(
  event: KeyEvent,
  previous: StoredObject | undefined = previousOf(event),
  known?: StoredObject,
): WindowEvent | undefined {
  if (event.type === 'put') {
    const isKnown = known?.modRevision === event.modRevision;
    const current = isKnown ? known : new StoredObject(event.key, event.value, event.modRevision);
    if (event.isCreate) return new WindowEvent('ADDED', current, undefined);
    return previous === undefined ? undefined : new WindowEvent('MODIFIED', current, previous);
  }
  if (previous === undefined) return undefined;
  return new WindowEvent('DELETED', new StoredObject(event.key, previous.bytes, event.modRevision), previous);
}

/** Index of the first key that is not before `bound`. */
function firstAtOrAfter(keys: readonly string[], bound: string): number {
  let low = 0;
  let high = keys.length;
  while (low < high) {
    const middle = (low + high) >>> 1;
    if ((keys[middle] ?? '') < bound) low = middle + 1;
    else high = middle;
  }
  return low;
}
