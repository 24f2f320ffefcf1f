import { parseKey } from '../../api/client/index.ts';
import type { Clock } from '../../lib/clock.ts';
import type { Logger } from '../../lib/logger.ts';
import { withSpan } from '../../lib/telemetry.ts';
import type { ControllerMetrics } from './controller-metrics.ts';
import type { ReconcileRequest, Reconciler } from './reconciler.ts';
import { type Retry, retryAfterError, retryAfterResult } from './retry-policy.ts';
import type { Source } from './source.ts';
import { WorkQueue } from './work-queue.ts';

export interface ControllerOptions {
  /** e.g. `placement`: label of metrics, logs and spans. */
  readonly name: string;
  readonly reconciler: Reconciler;
  readonly sources: readonly Source[];
  /** Keys worked on at once; default 2. */
  readonly workers?: number;
  readonly clock: Clock;
  readonly logger: Logger;
  readonly metrics: ControllerMetrics;
  /** The object's TRACEPARENT_ANNOTATION, so that the reconcile joins the trace of the write. */
  readonly traceparentOf?: (request: ReconcileRequest) => string | undefined;
  /** Fields for the log lines and span of a request, e.g. vm_id. */
  readonly fieldsOf?: (request: ReconcileRequest) => Readonly<Record<string, string>>;
  /** Per-key back-off; default 5 ms to 60 s. */
  readonly baseDelayMs?: number;
  readonly maxDelayMs?: number;
}

export interface Controller {
  /** Looks at a key soon, for reasons that no source tells (a timer, an outside event). */
  enqueue(key: string): void;
  enqueueAfter(key: string, delayMs: number): void;
  /** Takes no more keys, aborts the running reconciles' signal and resolves when all of them returned. */
  stop(): Promise<void>;
}

/** Starts a controller's loop: workers begin when every source has synced. */
export function startController(options: ControllerOptions): Controller {
  const { name, metrics, clock } = options;
  const queue = new WorkQueue({
    clock,
    ...(options.baseDelayMs === undefined ? {} : { baseDelayMs: options.baseDelayMs }),
    ...(options.maxDelayMs === undefined ? {} : { maxDelayMs: options.maxDelayMs }),
    onDepth: (depth) => metrics.queueDepth.set({ controller: name }, depth),
    onWaited: (waitedMs) => metrics.queueSeconds.observe({ controller: name }, waitedMs / 1000),
  });
  const stopping = new AbortController();
  const disconnects = options.sources.map((source) => source.connect((key) => queue.add(key)));
  const running = runWorkers(options, queue, stopping.signal);
  return {
    enqueue: (key) => queue.add(key),
    enqueueAfter: (key, delayMs) => queue.addAfter(key, delayMs),
    stop: async () => {
      for (const disconnect of disconnects) disconnect();
      stopping.abort(new Error(`controller ${name} stops`));
      const drained = queue.shutDown();
      await running;
      await drained;
    },
  };
}

async function runWorkers(options: ControllerOptions, queue: WorkQueue, signal: AbortSignal): Promise<void> {
  try {
    await Promise.all(options.sources.map((source) => source.whenSynced(signal)));
    options.logger.info({ controller: options.name }, 'controller started');
  } catch (error) {
    if (!signal.aborted) throw error;
  }
  await Promise.all(Array.from({ length: options.workers ?? 2 }, () => runWorker(options, queue, signal)));
}

async function runWorker(options: ControllerOptions, queue: WorkQueue, signal: AbortSignal): Promise<void> {
  for (;;) {
    const key = await queue.get();
    if (key === undefined) return;
    // After the stop the rest of the queue is left to the next start, which looks at every object anyway.
    if (!signal.aborted) await reconcileOnce(options, queue, key, signal);
    queue.done(key);
  }
}

async function reconcileOnce(
  options: ControllerOptions,
  queue: WorkQueue,
  key: string,
  signal: AbortSignal,
): Promise<void> {
  const { name, metrics, clock, reconciler } = options;
  const request = parseKey(key);
  const fields = { controller: name, key, ...options.fieldsOf?.(request) };
  const startMs = clock.monotonicMs();
  metrics.activeWorkers.inc({ controller: name });
  let retry: Retry;
  let failure: unknown;
  try {
    // A converged object is looked at again and again: only what a reconcile did is worth a span.
    const traceparent = options.traceparentOf?.(request);
    const span = { traceparent, attributes: fields, onlyWithWork: true };
    const result = await withSpan(`reconcile ${name}`, span, () => reconciler.reconcile(request, { signal }));
    retry = retryAfterResult(result);
  } catch (error) {
    failure = error;
    retry = retryAfterError(error);
  } finally {
    metrics.activeWorkers.dec({ controller: name });
  }
  if (signal.aborted) return;
  const durationMs = clock.monotonicMs() - startMs;
  metrics.reconcileSeconds.observe({ controller: name }, durationMs / 1000);
  metrics.reconciles.inc({ controller: name, outcome: retry.outcome });
  const delayMs = requeue(queue, key, retry);
  logOutcome(options.logger, { ...fields, outcome: retry.outcome, durationMs, delayMs }, failure);
}

/** Returns the delay in milliseconds, undefined where only a change brings the key back. */
function requeue(queue: WorkQueue, key: string, retry: Retry): number | undefined {
  if (retry.retry === 'backoff') return queue.addRateLimited(key);
  queue.forget(key);
  if (retry.retry === 'never') return undefined;
  queue.addAfter(key, retry.delayMs);
  return retry.delayMs;
}

interface OutcomeFields {
  readonly controller: string;
  readonly key: string;
  readonly outcome: Retry['outcome'];
  readonly durationMs: number;
  readonly delayMs: number | undefined;
}

function logOutcome(logger: Logger, fields: OutcomeFields, failure: unknown): void {
  const line = { ...fields, ...(failure === undefined ? {} : { err: failure }) };
  if (fields.outcome === 'error' || fields.outcome === 'terminal') logger.error(line, 'reconcile failed');
  else if (fields.outcome === 'stalled') logger.warn(line, 'reconcile stalled');
  else logger.debug(line, 'reconciled');
}
