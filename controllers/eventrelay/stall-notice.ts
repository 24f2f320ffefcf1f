import type { ApiClient } from '../../api/client/index.ts';
import { type Event, eventDefinition } from '../../crds/event/definition.ts';
import type { Clock } from '../../lib/clock.ts';
import type { Logger } from '../../lib/logger.ts';
import { causeChain, formatTime } from '../runtime/index.ts';
import { CURSOR_NAMESPACE } from './relay-cursor.ts';

/** Reasons of the relay's own Events, on its cursor. */
export const EVENT_RELAY_REASONS = {
  Stalled: 'EventRelayStalled',
  Resumed: 'EventRelayResumed',
} as const;

/** Shorter stalls are told by log and metrics alone: a sink that comes and goes must not fill the stream with them. */
const TELL_AFTER_MS = 30_000;
/** Log lines of one row of failures come at least so far apart. */
const LOG_PERIOD_MS = 60_000;

export interface StallNoticeOptions {
  readonly client: Pick<ApiClient, 'create'>;
  readonly clock: Clock;
  readonly logger: Logger;
  /** Label of the log lines, e.g. `file`. */
  readonly line: string;
  /** The ConfigMap that the Events are about. */
  readonly cursorName: string;
  readonly holder: string;
}

/** Tells of a sink that takes nothing, and of its return. */
export class StallNotice {
  readonly #options: StallNoticeOptions;
  #sinceMs: number | undefined;
  #loggedMs = 0;
  #isTold = false;

  constructor(options: StallNoticeOptions) {
    this.#options = options;
  }

  get isStalled(): boolean {
    return this.#sinceMs !== undefined;
  }

  async failed(error: unknown, retryInMs: number): Promise<void> {
    const { clock, logger, line } = this.#options;
    const nowMs = clock.monotonicMs();
    const isFirst = this.#sinceMs === undefined;
    this.#sinceMs ??= nowMs;
    const isLong = nowMs - this.#sinceMs >= TELL_AFTER_MS;
    const isNews = isFirst || (isLong && !this.#isTold);
    if (isNews || nowMs - this.#loggedMs >= LOG_PERIOD_MS) {
      this.#loggedMs = nowMs;
      logger[isLong ? 'error' : 'warn'](
        { line, error: causeChain(error), retryInMs: Math.round(retryInMs) },
        isLong
          ? 'the event relay is stalled: its sink takes nothing; trying again until it does'
          : 'the sink of the event relay failed; trying again until it takes what it was given',
      );
    }
    if (this.#isTold || !isLong) return;
    this.#isTold = true;
    await this.#tell(
      'Warning',
      'Stalled',
      `line "${line}" is stalled, nothing is lost yet: ${causeChain(error)}`,
    );
  }

  async worked(): Promise<void> {
    if (this.#sinceMs === undefined) return;
    const { clock, logger, line } = this.#options;
    const stalledMs = Math.round(clock.monotonicMs() - this.#sinceMs);
    this.#sinceMs = undefined;
    logger.info({ line, stalledMs }, 'the event relay goes on');
    if (!this.#isTold) return;
    this.#isTold = false;
    await this.#tell('Normal', 'Resumed', `line "${line}" goes on after ${Math.round(stalledMs / 1_000)} s`);
  }

  /** Best effort: the log has it in any case. */
  async #tell(
    type: 'Normal' | 'Warning',
    reason: keyof typeof EVENT_RELAY_REASONS,
    message: string,
  ): Promise<void> {
    const { client, clock, logger, cursorName, holder } = this.#options;
    const now = formatTime(clock.nowMs());
    const event: Event = {
      apiVersion: 'v1',
      kind: 'Event',
      metadata: { namespace: CURSOR_NAMESPACE, generateName: `${cursorName}.` },
      involvedObject: { apiVersion: 'v1', kind: 'ConfigMap', namespace: CURSOR_NAMESPACE, name: cursorName },
      type,
      reason: EVENT_RELAY_REASONS[reason],
      message: message.slice(0, 1_024),
      count: 1,
      firstTimestamp: now,
      lastTimestamp: now,
      source: { component: 'holt-manager' },
      reportingComponent: 'holt-manager',
      reportingInstance: holder,
    };
    await client
      .create<Event>(eventDefinition, event, { timeoutMs: 2_000 })
      .catch((error: unknown) =>
        logger.warn({ error: causeChain(error) }, `cannot write Event ${event.reason}`),
      );
  }
}
