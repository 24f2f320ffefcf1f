import type { OutgoingHttpHeaders, ServerResponse } from 'node:http';
import type { EventCursor } from '../../storage/cache/event-cursor.ts';
import type { WatchFrame } from '../../storage/cache/watch-frame.ts';
import type { WindowEvent } from '../../storage/cache/window-event.ts';
import { StorageError } from '../../storage/storage-error.ts';
import { expired } from '../http/errors.ts';
import type { Selection } from '../selectors/selection.ts';
import type { FrameWriter } from './frames.ts';
import type { WatchSource } from './open-source.ts';
import { seenThrough } from './transition.ts';
import type { WatchOptions } from './watch-options.ts';
import { WatchOutput } from './watch-output.ts';

export interface WatchSessionOptions {
  readonly response: ServerResponse;
  readonly headers: OutgoingHttpHeaders;
  readonly source: WatchSource;
  readonly writer: FrameWriter;
  readonly options: WatchOptions;
  readonly prefix: string;
  readonly selection: Selection;
  readonly stopping: AbortSignal;
  readonly onEvents: (count: number) => void;
}

/** Frames are gathered up to this size before they are written. */
const CHUNK_BYTES = 64 * 1024;
const BOOKMARK_INTERVAL_MS = 60_000;

/**
 * One client's watch. It pulls from its cursor only while the client takes: a slow client costs no memory, and is
 * told 410 when what it did not take is no longer kept. Changes of one revision leave in one write.
 */
export class WatchSession {
  readonly #options: WatchSessionOptions;
  readonly #cursor: EventCursor;
  readonly #output: WatchOutput;
  readonly #timers: NodeJS.Timeout[] = [];
  #sentRevision = 0;
  #blocked = false;
  /** Taken from the cursor, and left for when the client takes again. */
  #held: WindowEvent | undefined;
  #ended = false;
  #initialEndDue: boolean;

  constructor(options: WatchSessionOptions) {
    this.#options = options;
    this.#output = new WatchOutput(options.response);
    this.#initialEndDue = options.options.announceInitialEnd;
    this.#cursor = options.source.openCursor(() => this.#pump());
  }

  /**
   * Sends what there is; resolves when the watch is over.
   * @throws StorageError, with nothing sent, for an initial object that no key opens
   */
  async run(): Promise<void> {
    const { response, headers, options, stopping } = this.#options;
    const initial = this.#initialFrames();
    const finish = () => this.#finish();
    stopping.addEventListener('abort', finish, { once: true });
    this.#timers.push(setTimeout(finish, options.timeoutMs));
    if (options.bookmarks) this.#timers.push(setInterval(() => this.#bookmark(), BOOKMARK_INTERVAL_MS));
    await new Promise<void>((resolve) => {
      response.on('close', () => {
        this.#ended = true;
        stopping.removeEventListener('abort', finish);
        for (const timer of this.#timers) clearTimeout(timer);
        this.#cursor.close();
        resolve();
      });
      response.writeHead(200, headers);
      this.#output.open(() => {
        this.#blocked = false;
        this.#pump();
      });
      this.#write(initial);
      this.#pump();
      if (stopping.aborted) finish();
    });
  }

  #initialFrames(): readonly WatchFrame[] {
    const { source, writer } = this.#options;
    this.#sentRevision = source.revision;
    try {
      const frames = (source.initial ?? []).map((stored) => writer.object({ type: 'ADDED', stored }));
      if (this.#initialEndDue) frames.push(writer.bookmark(source.revision, true));
      this.#initialEndDue = false;
      return frames;
    } catch (error) {
      this.#ended = true;
      this.#cursor.close();
      throw error;
    }
  }

  /** Undefined: this watch does not see it. `expired`: no key opens it, as it is with history after a rotation. */
  #frameOf(event: WindowEvent): WatchFrame | 'expired' | undefined {
    const { prefix, selection, writer } = this.#options;
    try {
      const seen = seenThrough(event, prefix, selection);
      return seen === undefined ? undefined : writer.object(seen, event);
    } catch (error) {
      if (error instanceof StorageError) return 'expired';
      throw error;
    }
  }

  #pump(): void {
    let frames: WatchFrame[] = [];
    let sizeBytes = 0;
    while (!this.#blocked && !this.#ended) {
      const event = this.#held ?? this.#cursor.next();
      this.#held = undefined;
      if (event === undefined) break;
      if (event === 'expired') {
        this.#write(frames);
        this.#fail();
        return;
      }
      if (sizeBytes > CHUNK_BYTES && event.revision !== this.#sentRevision) {
        this.#write(frames);
        frames = [];
        sizeBytes = 0;
        if (this.#blocked) {
          // Alone it would be half of its revision: a client that resumes behind it would miss the other half.
          this.#held = event;
          break;
        }
      }
      const frame = this.#frameOf(event);
      if (frame === 'expired') {
        this.#write(frames);
        this.#fail();
        return;
      }
      this.#sentRevision = event.revision;
      if (frame === undefined) continue;
      frames.push(frame);
      sizeBytes += frame.bytes.length;
    }
    this.#write(frames);
  }

  #write(frames: readonly WatchFrame[]): void {
    if (frames.length === 0 || this.#ended) return;
    this.#options.onEvents(frames.length);
    if (!this.#output.write(frames)) this.#blocked = true;
  }

  #bookmark(): void {
    const { revision } = this.#cursor;
    if (this.#blocked || this.#ended || revision < this.#sentRevision) return;
    this.#sentRevision = revision;
    this.#output.write([this.#options.writer.bookmark(revision, false)]);
  }

  #fail(): void {
    const status = expired(
      `too old resource version: ${this.#sentRevision}: list again and watch from there`,
    );
    this.#ended = true;
    this.#output.end([this.#options.writer.error(status.toStatus())]);
  }

  /** The last bookmark lets the client go on from here instead of from its last event. */
  #finish(): void {
    if (this.#ended) return;
    if (this.#options.options.bookmarks) this.#bookmark();
    this.#ended = true;
    this.#output.end();
  }
}
