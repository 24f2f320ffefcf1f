import type { IWatchResponse } from 'etcd3';
import type { Logger } from '../../../lib/logger.ts';
import type { EtcdConnection } from '../etcd/connection.ts';
import { prefixEnd } from '../keys.ts';
import { BatchAssembler } from './batch-assembler.ts';
import { type KeyEvent, openEvent } from './watch-event.ts';
import { WatchCall } from './watch-rpc.ts';

export interface WatchStreamOptions {
  readonly connection: EtcdConnection;
  readonly prefix: string;
  /** First revision to deliver. */
  readonly startRevision: number;
  readonly logger: Logger;
  /** Events of whole revisions, in order, each once. */
  readonly onEvents: (events: readonly KeyEvent[]) => void;
  /** Everything up to this revision was delivered, though nothing happened. */
  readonly onProgress?: (revision: number) => void;
  /**
   * The next revision to deliver is no longer whole; the stream has ended. All after `compactRevision` can be had.
   */
  readonly onCompacted: (compactRevision: number) => void;
  /** Asked before each reconnect: false ends the stream (etcd's history went back); a rejection: ask again later. */
  readonly mayResume?: (deliveredRevision: number) => Promise<boolean>;
}

const BACKOFF_MIN_MS = 50;
const BACKOFF_MAX_MS = 2_000;
/** After this long without any answer a progress request asks whether the other side still lives. */
const SILENCE_MAX_MS = 10_000;

/**
 * A watch of one prefix that outlives its connections: after each break it resumes at the last delivered
 * mod_revision (never at a response header's revision, which runs ahead of the events still to come).
 */
export class WatchStream {
  readonly #options: WatchStreamOptions;
  readonly #assembler: BatchAssembler;
  #call: WatchCall | undefined;
  #closed = false;
  #backoffMs = BACKOFF_MIN_MS;
  #endpointIndex = 0;
  #retryTimer: NodeJS.Timeout | undefined;
  #silenceTimer: NodeJS.Timeout | undefined;
  #progressAsked = false;

  constructor(options: WatchStreamOptions) {
    this.#options = options;
    this.#assembler = new BatchAssembler(options.startRevision - 1);
    this.#connect();
  }

  /** All events up to this revision were delivered. */
  get deliveredRevision(): number {
    return this.#assembler.deliveredRevision;
  }

  /** Stops taking events from etcd until `resume`; flow control holds them back at the server. */
  pause(): void {
    this.#call?.pause();
  }

  resume(): void {
    this.#call?.resume();
  }

  close(): void {
    this.#closed = true;
    clearTimeout(this.#retryTimer);
    this.#endCall();
  }

  #connect(): void {
    const { connection, prefix } = this.#options;
    const endpoint = connection.endpoints[this.#endpointIndex++ % connection.endpoints.length] ?? '';
    const call: WatchCall = new WatchCall(connection, endpoint, {
      onResponses: (responses) => {
        if (call === this.#call) this.#takeAll(responses, call);
      },
      onEnd: (reason) => this.#reconnectLater(call, reason),
    });
    this.#call = call;
    this.#assembler.dropFragments();
    call.send({
      create_request: {
        key: Buffer.from(prefix),
        range_end: prefixEnd(prefix),
        // One revision more than is wanted, which the assembler drops: at the very revision of a compaction etcd
        // has neither the deletion nor what was there before, and before 3.4.36 says nothing of it.
        start_revision: Math.max(1, this.#assembler.deliveredRevision),
        progress_notify: true,
        prev_kv: true,
        fragment: true,
      },
    });
    this.#armSilenceTimer(call);
  }

  /** Events of answers that came in together are delivered together: their readers wake once. */
  #takeAll(responses: readonly IWatchResponse[], call: WatchCall): void {
    this.#armSilenceTimer(call);
    let events: KeyEvent[] = [];
    const deliver = () => {
      if (events.length > 0) this.#options.onEvents(events);
      events = [];
    };
    for (const response of responses) {
      // The owner may have closed the stream meanwhile.
      if (call !== this.#call) return;
      if (response.canceled) {
        deliver();
        this.#takeCancel(response, call);
        return;
      }
      const arrived = this.#take(response);
      if (arrived === 'progress') {
        deliver();
        this.#options.onProgress?.(this.#assembler.deliveredRevision);
      } else {
        events.push(...arrived);
      }
    }
    deliver();
  }

  /** The events that an answer makes deliverable, or that it tells of progress alone. */
  #take(response: IWatchResponse): readonly KeyEvent[] | 'progress' {
    if (response.created) {
      this.#backoffMs = BACKOFF_MIN_MS;
      return [];
    }
    // Answers to progress requests carry watch id -1 and may overtake events before etcd 3.4.25: they prove
    // that the stream lives and nothing more.
    if (Number(response.watch_id) < 0) return [];
    const { values } = this.#options.connection;
    const arrived = this.#assembler.add(response);
    if (arrived.length > 0)
      return values === undefined ? arrived : arrived.map((event) => openEvent(event, values));
    if (response.fragment || response.events.length > 0 || response.header === null) return [];
    this.#assembler.advance(Number(response.header.revision));
    return 'progress';
  }

  #takeCancel(response: IWatchResponse, call: WatchCall): void {
    const compactRevision = Number(response.compact_revision);
    if (compactRevision > 0) {
      this.close();
      this.#options.onCompacted(compactRevision);
    } else {
      this.#reconnectLater(call, response.cancel_reason || 'etcd cancelled the watch');
    }
  }

  #reconnectLater(call: WatchCall, reason: string): void {
    if (this.#closed || call !== this.#call) return;
    this.#endCall();
    const { prefix, logger } = this.#options;
    logger.warn(
      { prefix, deliveredRevision: this.deliveredRevision, reason },
      'etcd watch broke; it resumes',
    );
    this.#scheduleReconnect();
  }

  #scheduleReconnect(): void {
    const delayMs = this.#backoffMs * (0.5 + Math.random() / 2);
    this.#backoffMs = Math.min(this.#backoffMs * 2, BACKOFF_MAX_MS);
    this.#retryTimer = setTimeout(() => void this.#reconnect(), delayMs);
  }

  async #reconnect(): Promise<void> {
    let mayResume = true;
    try {
      mayResume = (await this.#options.mayResume?.(this.deliveredRevision)) ?? true;
    } catch {
      if (!this.#closed) this.#scheduleReconnect();
      return;
    }
    if (this.#closed) return;
    if (mayResume) this.#connect();
    else this.close();
  }

  #endCall(): void {
    clearTimeout(this.#silenceTimer);
    const call = this.#call;
    this.#call = undefined;
    call?.close();
  }

  #armSilenceTimer(call: WatchCall): void {
    clearTimeout(this.#silenceTimer);
    this.#progressAsked = false;
    const check = () => {
      if (call.isPaused) {
        this.#silenceTimer = setTimeout(check, SILENCE_MAX_MS);
      } else if (this.#progressAsked) {
        this.#reconnectLater(call, `no answer for ${2 * SILENCE_MAX_MS} ms`);
      } else {
        this.#progressAsked = true;
        call.send({ progress_request: {} });
        this.#silenceTimer = setTimeout(check, SILENCE_MAX_MS);
      }
    };
    this.#silenceTimer = setTimeout(check, SILENCE_MAX_MS);
  }
}
