import type { ApiObject } from '../../crds/meta/meta.ts';
import type { ResourceAddress } from '../../crds/meta/resource-definition.ts';
import type { Clock } from '../../lib/clock.ts';
import type { Logger } from '../../lib/logger.ts';
import type { ApiClient } from './api-client.ts';
import { isGone } from './api-error.ts';
import type { InformerCache } from './informer-cache.ts';
import { jitteredDelayMs, type RestartBackoff } from './restart-backoff.ts';
import { withStallTimeout } from './stall-timeout.ts';

export interface ReflectorOptions<T extends ApiObject> {
  readonly client: Pick<ApiClient, 'listAll' | 'watch'>;
  readonly definition: ResourceAddress;
  readonly namespace?: string | undefined;
  readonly labelSelector?: string | undefined;
  readonly fieldSelector?: string | undefined;
  readonly cache: InformerCache<T>;
  readonly clock: Clock;
  readonly logger?: Logger | undefined;
  readonly backoff: RestartBackoff;
  /** A watch that says nothing for so long, not even a bookmark, is taken for cut. */
  readonly stallTimeoutMs: number;
  readonly random: () => number;
  readonly onSynced: () => void;
}

/** The server ends each watch after 5 to 10 minutes, so that watchers spread over replicas anew. */
const WATCH_SECONDS_MIN = 300;

/** A watch that ends sooner than this without an event is a failure, not an end: it must not restart in a tight loop. */
const WATCH_TIME_MIN_MS = 1_000;

/**
 * Keeps a cache equal to the API server's state until aborted: lists, follows, resumes where it was after any
 * error, and lists again when the server no longer knows that revision.
 */
export async function runReflector<T extends ApiObject>(
  options: ReflectorOptions<T>,
  signal: AbortSignal,
): Promise<void> {
  let failures = 0;
  let mustList = true;
  const onProgress = () => {
    failures = 0;
  };
  while (!signal.aborted) {
    try {
      if (mustList) {
        await list(options, signal);
        mustList = false;
        options.onSynced();
      }
      await follow(options, signal, onProgress);
      failures = 0;
    } catch (error) {
      if (signal.aborted) return;
      // An expired revision is the ordinary end of a long pause: list at once, but back off if that repeats.
      if (isGone(error)) mustList = true;
      failures += 1;
      const delayMs = jitteredDelayMs(failures, options.backoff, options.random);
      options.logger?.warn(
        { kind: options.definition.kind, error: messageOf(error), delayMs, relist: mustList },
        'watch interrupted; restarting',
      );
      await options.clock.sleep(delayMs, signal).catch(() => {});
    }
  }
}

async function list<T extends ApiObject>(options: ReflectorOptions<T>, signal: AbortSignal): Promise<void> {
  const { namespace, labelSelector, fieldSelector } = options;
  const answer = await options.client.listAll<T>(options.definition, {
    namespace,
    labelSelector,
    fieldSelector,
    signal,
  });
  options.cache.replace(answer.items, answer.resourceVersion);
}

async function follow<T extends ApiObject>(
  options: ReflectorOptions<T>,
  signal: AbortSignal,
  onProgress: () => void,
): Promise<void> {
  const { namespace, labelSelector, fieldSelector, clock, stallTimeoutMs } = options;
  const startMs = clock.monotonicMs();
  let isEmpty = true;
  await withStallTimeout({ clock, stallTimeoutMs, signal }, async (watchSignal, touch) => {
    const events = options.client.watch<T>(options.definition, {
      namespace,
      labelSelector,
      fieldSelector,
      resourceVersion: options.cache.resumeRevision,
      timeoutSeconds: WATCH_SECONDS_MIN + Math.floor(options.random() * WATCH_SECONDS_MIN),
      signal: watchSignal,
    });
    for await (const event of events) {
      touch();
      isEmpty = false;
      onProgress();
      options.cache.apply(event);
    }
  });
  if (isEmpty && clock.monotonicMs() - startMs < WATCH_TIME_MIN_MS)
    throw new Error('watch ended at once, without an event');
}

/** Without the stack: an outage of the API server is no mistake of this program. */
function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
