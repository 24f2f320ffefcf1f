import type { ApiObject } from '../../crds/meta/meta.ts';
import type { ResourceAddress } from '../../crds/meta/resource-definition.ts';
import { type Clock, systemClock } from '../../lib/clock.ts';
import type { Logger } from '../../lib/logger.ts';
import type { ApiClient } from './api-client.ts';
import type { IndexFunction, Lister } from './indexer.ts';
import { type Change, type ChangeListener, InformerCache } from './informer-cache.ts';
import { keyOf } from './object-key.ts';
import { runReflector } from './reflector.ts';
import type { RestartBackoff } from './restart-backoff.ts';

export interface InformerOptions<T extends ApiObject> {
  readonly client: Pick<ApiClient, 'listAll' | 'watch'>;
  readonly definition: ResourceAddress;
  /** Absent: all namespaces. */
  readonly namespace?: string | undefined;
  readonly labelSelector?: string | undefined;
  readonly fieldSelector?: string | undefined;
  readonly indexers?: Readonly<Record<string, IndexFunction<T>>>;
  readonly logger?: Logger | undefined;
  readonly clock?: Clock;
  /** Default 100 ms to 10 s. */
  readonly backoff?: RestartBackoff;
  /** Default 150,000: the API server sends a bookmark a minute. */
  readonly stallTimeoutMs?: number;
  readonly random?: () => number;
}

/**
 * A local, always-refreshing copy of a kind's objects. Readers use `lister`; `onChange` tells what to look at
 * again. It lives through any outage of the API server and then continues where it was.
 */
export class Informer<T extends ApiObject> {
  readonly definition: ResourceAddress;
  readonly #options: InformerOptions<T>;
  readonly #cache: InformerCache<T>;
  readonly #listeners = new Set<ChangeListener<T>>();
  readonly #stop = new AbortController();
  readonly #synced = Promise.withResolvers<void>();
  #isSynced = false;
  #running: Promise<void> | undefined;

  constructor(options: InformerOptions<T>) {
    this.definition = options.definition;
    this.#options = options;
    this.#cache = new InformerCache<T>((key, change) => this.#notify(key, change), options.indexers);
  }

  get lister(): Lister<T> {
    return this.#cache.lister;
  }

  /** Starts once; later calls change nothing. */
  start(): void {
    const { options, cache } = { options: this.#options, cache: this.#cache };
    this.#running ??= runReflector(
      {
        client: options.client,
        definition: options.definition,
        namespace: options.namespace,
        labelSelector: options.labelSelector,
        fieldSelector: options.fieldSelector,
        cache,
        clock: options.clock ?? systemClock,
        logger: options.logger,
        backoff: options.backoff ?? { baseDelayMs: 100, maxDelayMs: 10_000 },
        stallTimeoutMs: options.stallTimeoutMs ?? 150_000,
        random: options.random ?? Math.random,
        onSynced: () => {
          this.#isSynced = true;
          this.#synced.resolve();
        },
      },
      this.#stop.signal,
    );
  }

  /** Ends the watch; the cache stays readable as it is. */
  async stop(): Promise<void> {
    this.#stop.abort(new Error('informer stopped'));
    await this.#running;
  }

  /** The first list is in: absence from the lister means something from now on. */
  hasSynced(): boolean {
    return this.#isSynced;
  }

  /** Resolves when `hasSynced`, or rejects with the signal's reason. */
  async whenSynced(signal?: AbortSignal): Promise<void> {
    if (this.#isSynced) return;
    if (signal === undefined) return this.#synced.promise;
    signal.throwIfAborted();
    const aborted = Promise.withResolvers<never>();
    const onAbort = () => aborted.reject(signal.reason);
    signal.addEventListener('abort', onAbort, { once: true });
    await Promise.race([this.#synced.promise, aborted.promise]).finally(() =>
      signal.removeEventListener('abort', onAbort),
    );
  }

  /** Tells the present objects first, as new ones, then every change. Returns the way to leave. */
  onChange(listener: ChangeListener<T>): () => void {
    for (const object of this.lister.list()) listener(keyOf(object), { new: object });
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  }

  #notify(key: string, change: Change<T>): void {
    for (const listener of this.#listeners) listener(key, change);
  }
}
