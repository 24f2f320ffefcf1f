import { setImmediate as nextTurn } from 'node:timers/promises';
import type { ApiClient, WatchEvent } from '../../api/client/index.ts';
import { type Event, eventDefinition } from '../../crds/event/definition.ts';
import type { Clock } from '../../lib/clock.ts';
import { type RecordContext, recordOfChange, type StreamRecord } from './records.ts';
import { parseRevision } from './revision.ts';
import { RevisionAssembler, type RevisionGroup } from './revision-assembler.ts';

export interface FollowOptions {
  readonly client: Pick<ApiClient, 'watch'>;
  readonly clock: Clock;
  readonly records: RecordContext;
  /** Changes after this revision. */
  readonly from: number;
  readonly random: () => number;
  readonly signal: AbortSignal;
  /** Told of each revision that the watch has come to. */
  readonly onSeen: (revision: number) => void;
}

/** What the watch told, in whole revisions. */
export interface Batch {
  readonly groups: readonly RevisionGroup<StreamRecord>[];
  /** Nothing at or below it is still to come. */
  readonly through: number;
}

/** A batch has no more records than this, unless one revision has. */
export const BATCH_RECORDS_MAX = 500;
const BATCH_BYTES_MAX = 4 * 2 ** 20;
/** So long the watch is given to tell of a later revision before the last one is asked for by a short watch. */
const SETTLE_AFTER_MS = 500;
/** A watch that says nothing for so long, not even a bookmark, is taken for cut. */
const STALL_MS = 150_000;
const WATCH_SECONDS_MIN = 300;
/** The shortest there is; the server ends it with a bookmark. */
const SETTLING_SECONDS = 1;

/**
 * The changes of all Events after a revision, batch by batch, for as long as the server tells them; whoever pulls
 * sets the pace. A watch that is quiet in the middle of what may be a revision is made anew for a second: the
 * server repeats the revision and ends with a bookmark, which proves that nothing of it is missing.
 * @throws ApiError 410 when the changes are compacted, 504 when the revision is yet to come; ApiUnreachableError
 */
export async function* followEvents(options: FollowOptions): AsyncGenerator<Batch, void> {
  let from = options.from;
  let isSettling = false;
  while (!options.signal.aborted) {
    const session = new WatchSession({ ...options, from, isSettling });
    for await (const batch of session.batches()) {
      from = batch.through;
      yield batch;
    }
    // What is open is told again: the next watch begins behind the last whole revision.
    isSettling = session.hasOpenRevision;
  }
}

interface SessionOptions extends FollowOptions {
  readonly isSettling: boolean;
}

/** One watch. */
class WatchSession {
  readonly #options: SessionOptions;
  readonly #assembler: RevisionAssembler<StreamRecord>;
  #groups: RevisionGroup<StreamRecord>[] = [];
  #recordCount = 0;
  #sizeBytes = 0;
  #yieldedThrough: number;

  constructor(options: SessionOptions) {
    this.#options = options;
    this.#assembler = new RevisionAssembler(options.from);
    this.#yieldedThrough = options.from;
  }

  get hasOpenRevision(): boolean {
    return this.#assembler.isOpen;
  }

  async *batches(): AsyncGenerator<Batch, void> {
    const { clock } = this.#options;
    const startMs = clock.monotonicMs();
    const watch = this.#open();
    let isEmpty = true;
    let next = watch.next();
    try {
      for (;;) {
        if (!(await isReady(next))) {
          // Whoever pulls works on what there is while more comes in.
          if (this.#hasNews()) yield this.#take();
          if (!(await this.#isReadyInTime(next))) return;
        }
        const { done, value } = await next;
        if (done) break;
        next = watch.next();
        isEmpty = false;
        this.#add(value);
        if (this.#recordCount >= BATCH_RECORDS_MAX || this.#sizeBytes >= BATCH_BYTES_MAX) yield this.#take();
      }
      if (this.#hasNews()) yield this.#take();
      const wasInVain = isEmpty || (this.#options.isSettling && this.hasOpenRevision);
      if (wasInVain && clock.monotonicMs() - startMs < (SETTLING_SECONDS * 1_000) / 2)
        throw new Error('the watch of Events ended at once, without a word');
    } finally {
      await watch.close();
    }
  }

  /** A watch that can be left while it waits. */
  #open(): { next(): Promise<IteratorResult<WatchEvent<Event>, void>>; close(): Promise<void> } {
    const { client, from, isSettling, random, signal } = this.#options;
    const left = new AbortController();
    const seconds = WATCH_SECONDS_MIN + Math.floor(random() * WATCH_SECONDS_MIN);
    const events = client.watch<Event>(eventDefinition, {
      resourceVersion: String(from),
      timeoutSeconds: isSettling ? SETTLING_SECONDS : seconds,
      signal: AbortSignal.any([signal, left.signal]),
    });
    let last: Promise<unknown> = Promise.resolve();
    return {
      next: () => {
        const next = events.next();
        // It may fail while the records before it are still being relayed: whoever awaits it is told then.
        last = next.catch(() => {});
        return next;
      },
      close: async () => {
        left.abort(new Error('the watch is left'));
        await last;
      },
    };
  }

  /** False when the watch is to be made anew to settle what is open. @throws Error when it is silent for too long */
  async #isReadyInTime(next: Promise<unknown>): Promise<boolean> {
    const { clock, isSettling, signal } = this.#options;
    const isToSettle = this.#assembler.isOpen && !isSettling;
    if (await isReadyWithin(next, isToSettle ? SETTLE_AFTER_MS : STALL_MS, clock)) return true;
    signal.throwIfAborted();
    if (isToSettle) return false;
    throw new Error(`the watch of Events was silent for ${STALL_MS} ms; taken for cut`);
  }

  #add(event: WatchEvent<Event>): void {
    const { onSeen, records } = this.#options;
    const isBookmark = event.type === 'BOOKMARK';
    const revision = parseRevision(
      isBookmark ? event.resourceVersion : event.object.metadata.resourceVersion,
    );
    onSeen(revision);
    if (event.type === 'BOOKMARK') this.#complete(this.#assembler.mark(revision));
    // A deletion is no step of a lifecycle: Events go when their time is over.
    else if (event.type === 'DELETED') this.#complete(this.#assembler.pass(revision));
    else this.#complete(this.#assembler.add(revision, recordOfChange(records, event.type, event.object)));
  }

  #complete(group: RevisionGroup<StreamRecord> | undefined): void {
    if (group === undefined) return;
    this.#groups.push(group);
    this.#recordCount += group.items.length;
    for (const { data } of group.items) this.#sizeBytes += roughBytes(data);
  }

  #hasNews(): boolean {
    return this.#assembler.completeThrough > this.#yieldedThrough;
  }

  #take(): Batch {
    const groups = this.#groups;
    this.#groups = [];
    this.#recordCount = 0;
    this.#sizeBytes = 0;
    this.#yieldedThrough = this.#assembler.completeThrough;
    return { groups, through: this.#yieldedThrough };
  }
}

/** Only the message is long. */
function roughBytes({ message }: Readonly<Record<string, unknown>>): number {
  return 1_024 + (typeof message === 'string' ? message.length : 0);
}

/** Whether it is settled, or as good as: what has arrived needs no more than a turn of the event loop. */
async function isReady(next: Promise<unknown>): Promise<boolean> {
  return Promise.race([
    next.then(
      () => true,
      () => true,
    ),
    nextTurn(false),
  ]);
}

async function isReadyWithin(next: Promise<unknown>, delayMs: number, clock: Clock): Promise<boolean> {
  const awake = new AbortController();
  try {
    return await Promise.race([
      next.then(
        () => true,
        () => true,
      ),
      clock.sleep(delayMs, awake.signal).then(
        () => false,
        () => false,
      ),
    ]);
  } finally {
    awake.abort();
  }
}
