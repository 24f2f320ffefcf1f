import { type ApiClient, ApiError, isConflict, isGone, jitteredDelayMs } from '../../api/client/index.ts';
import { namespaceDefinition } from '../../crds/namespace/definition.ts';
import type { Clock } from '../../lib/clock.ts';
import type { Logger } from '../../lib/logger.ts';
import { causeChain } from '../runtime/index.ts';
import { readCatchUp } from './catch-up.ts';
import { type Batch, followEvents } from './follow.ts';
import type { EventRelayMetrics, RelayLag } from './metrics.ts';
import type { RecordContext } from './records.ts';
import { RelayCursor } from './relay-cursor.ts';
import { sinkDelayMs } from './retry-delay.ts';
import type { RelaySink } from './sink.ts';
import { StallNotice } from './stall-notice.ts';

export interface EventRelayOptions {
  /** Names the sink in metrics and log lines, e.g. `file`. */
  readonly line: string;
  /** Of the cursor's ConfigMap in kube-system. */
  readonly cursorName: string;
  /** Unique a process. */
  readonly holder: string;
  readonly client: Pick<ApiClient, 'get' | 'create' | 'update' | 'listAll' | 'watch'>;
  readonly sink: RelaySink;
  readonly clock: Clock;
  readonly logger: Logger;
  readonly metrics: EventRelayMetrics;
  /** Yields numbers in [0, 1). */
  readonly random?: () => number;
}

/** A cursor that moves without records is saved this often: a restart reads little twice, compaction stays behind. */
const IDLE_SAVE_PERIOD_MS = 60_000;

/** What made the last session end. */
type Loss = 'compacted' | 'yet-to-come' | undefined;

/**
 * Relays every change of every Event to one sink: at least once, in the order of their revisions, and only what
 * is committed. Any trouble with the API ends the session, and the next one begins at the durable cursor; trouble
 * with the sink holds the line until it takes again.
 */
export class EventRelay {
  readonly #options: EventRelayOptions;
  readonly #cursor: RelayCursor;
  readonly #notice: StallNotice;
  readonly #random: () => number;
  #seenRevision = 0;
  #relayedRevision = 0;
  #idleSinceMs: number;
  #savedMs = 0;
  #failures = 0;

  constructor(options: EventRelayOptions) {
    this.#options = options;
    this.#cursor = new RelayCursor({ ...options, name: options.cursorName });
    this.#notice = new StallNotice(options);
    this.#random = options.random ?? Math.random;
    this.#idleSinceMs = options.clock.monotonicMs();
  }

  /** Resolves when the signal aborts, with nothing half done by this process. */
  async run(signal: AbortSignal): Promise<void> {
    const { metrics, line, sink } = this.#options;
    const leave = metrics.observeLag(line, () => this.#lag());
    let loss: Loss;
    while (!signal.aborted) {
      try {
        await this.#session(loss, signal);
        loss = undefined;
      } catch (error) {
        if (signal.aborted) break;
        loss = lossOf(error);
        await this.#waitAfter(error, signal);
      }
    }
    leave();
    await sink.close();
  }

  /** From the durable cursor until something fails. */
  async #session(loss: Loss, signal: AbortSignal): Promise<void> {
    const { client, clock } = this.#options;
    const records = await this.#recordContext(signal);
    const saved = await this.#cursor.claim(signal);
    let from = saved ?? 0;
    if (saved === undefined || loss !== undefined) from = await this.#catchUp(records, saved, loss, signal);
    this.#relayedRevision = from;
    const onSeen = (revision: number) => {
      this.#noteIdle();
      this.#seenRevision = revision;
    };
    const random = this.#random;
    for await (const batch of followEvents({ client, clock, records, from, random, signal, onSeen }))
      await this.#deliver(batch, signal);
  }

  /** Relays what is stored where the changes are not to be had. Resolves to where the watch goes on. */
  async #catchUp(
    records: RecordContext,
    saved: number | undefined,
    loss: Loss,
    signal: AbortSignal,
  ): Promise<number> {
    const { client, clock, logger, line, metrics } = this.#options;
    const { gap, batches } = await readCatchUp({
      client,
      records,
      from: saved,
      nowMs: clock.nowMs(),
      signal,
    });
    // The server that said "yet to come" was behind the one that listed: nothing is lost.
    if (loss === 'yet-to-come' && saved !== undefined && gap.to >= saved) return saved;
    if (gap.reason !== 'NoCursor') metrics.gaps.inc({ line, reason: gap.reason });
    logger[gap.reason === 'NoCursor' ? 'info' : 'warn'](
      { line, ...gap },
      gap.reason === 'NoCursor'
        ? 'the event relay begins with the Events that are stored'
        : 'changes of Events may be missing from the stream: a gap record names the revisions',
    );
    this.#seenRevision = gap.to;
    for (const batch of batches) await this.#deliver(batch, signal);
    return gap.to;
  }

  /** First the sink, then the cursor. */
  async #deliver({ groups, through }: Batch, signal: AbortSignal): Promise<void> {
    const { clock, line, metrics } = this.#options;
    if (groups.length > 0) {
      await this.#append(groups, signal);
      metrics.relayed.inc(
        { line },
        groups.reduce((sum, { items }) => sum + items.length, 0),
      );
    }
    const isDue = groups.length > 0 || clock.monotonicMs() - this.#savedMs >= IDLE_SAVE_PERIOD_MS;
    if (isDue) {
      // Also when asked to stop: whoever goes on need not relay it again.
      await this.#cursor.save(through);
      this.#savedMs = clock.monotonicMs();
    }
    this.#relayedRevision = through;
    this.#failures = 0;
    this.#noteIdle();
  }

  /** Until the sink has it: what it does not take holds up all that comes after it. */
  async #append(groups: Batch['groups'], signal: AbortSignal): Promise<void> {
    const { clock, line, metrics, sink } = this.#options;
    for (let failures = 1; ; failures += 1) {
      try {
        await sink.append(groups, signal);
        return await this.#notice.worked();
      } catch (error) {
        signal.throwIfAborted();
        metrics.retries.inc({ line, at: 'sink' });
        const delayMs = sinkDelayMs(error, failures, this.#random);
        await this.#notice.failed(error, delayMs);
        await clock.sleep(delayMs, signal);
      }
    }
  }

  async #waitAfter(error: unknown, signal: AbortSignal): Promise<void> {
    const { clock, logger, line, metrics } = this.#options;
    this.#noteIdle();
    this.#failures += 1;
    metrics.retries.inc({ line, at: 'api' });
    const delayMs = jitteredDelayMs(this.#failures, { baseDelayMs: 100, maxDelayMs: 10_000 }, this.#random);
    logger.warn(
      { line, error: causeChain(error), delayMs: Math.round(delayMs) },
      isConflict(error)
        ? 'somebody else wrote the cursor of the event relay; going on from what it says'
        : 'the event relay was interrupted; going on from its cursor',
    );
    await clock.sleep(delayMs, signal).catch(() => {});
  }

  /** The UID of kube-system is, by custom, a cluster's identity: a new etcd has another one. */
  async #recordContext(signal: AbortSignal): Promise<RecordContext> {
    const { metadata } = await this.#options.client.get(
      namespaceDefinition,
      { name: 'kube-system' },
      { signal },
    );
    return { source: `/holt/${metadata.uid}` };
  }

  get #isBehind(): boolean {
    return this.#seenRevision > this.#relayedRevision || this.#failures > 0;
  }

  #noteIdle(): void {
    if (!this.#isBehind) this.#idleSinceMs = this.#options.clock.monotonicMs();
  }

  #lag(): RelayLag {
    const idleMs = this.#options.clock.monotonicMs() - this.#idleSinceMs;
    return {
      revisions: Math.max(0, this.#seenRevision - this.#relayedRevision),
      seconds: this.#isBehind ? idleMs / 1_000 : 0,
      isStalled: this.#notice.isStalled,
    };
  }
}

function lossOf(error: unknown): Loss {
  if (isGone(error)) return 'compacted';
  const isAhead =
    error instanceof ApiError &&
    error.details?.causes?.some(({ reason }) => reason === 'ResourceVersionTooLarge') === true;
  return isAhead ? 'yet-to-come' : undefined;
}
