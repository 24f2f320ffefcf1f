import { type ApiClient, ApiError, Informer } from '../../api/client/index.ts';
import type { ApiObject } from '../../crds/meta/meta.ts';
import type { ResourceAddress } from '../../crds/meta/resource-definition.ts';
import type { Clock } from '../../lib/clock.ts';
import type { Logger } from '../../lib/logger.ts';
import type { OwnershipGraph } from './graph.ts';
import { resourceName } from './kind-catalog.ts';
import type { MetadataClient } from './metadata-client.ts';

/** The resource whose objects say what other resources there are. */
const DEFINITIONS = 'customresourcedefinitions.apiextensions.k8s.io';

/** After this time a kind that cannot be listed is no longer waited for. As upstream's --gc initial sync time-out. */
const FIRST_LIST_MS = 30_000;

/** While some kind is in its first list. */
const LOOK_AGAIN_MS = 50;

/** How long a kind that is served no more is followed on, so that the ends of its last objects are seen. */
export const RETIRE_MS = 5_000;

interface Monitor {
  readonly resource: ResourceAddress;
  readonly informer: Informer<ApiObject>;
  readonly leave: () => void;
  /** Monotonic milliseconds. */
  readonly startedMs: number;
  retiredMs: number | undefined;
  /** Why its last list failed; undefined since it has had one. */
  failure: string | undefined;
  /** The server understood and said no: trying again soon will not help. */
  isRefused: boolean;
}

export interface KindMonitorsOptions {
  readonly client: Pick<MetadataClient, 'listAll' | 'watch'>;
  readonly graph: OwnershipGraph;
  readonly clock: Clock;
  readonly logger: Logger;
  /** A CustomResourceDefinition changed: what is served may have, too. */
  readonly onDefinition: () => void;
}

/** A watch of each kind's objects that feeds the graph. Each lives by itself: one that fails stops no other. */
export class KindMonitors {
  readonly #options: KindMonitorsOptions;
  readonly #monitors = new Map<string, Monitor>();

  constructor(options: KindMonitorsOptions) {
    this.#options = options;
  }

  /** Starts what is new, and ends what is served no more. @returns whether some wait to be ended by a later call */
  async follow(resources: readonly ResourceAddress[]): Promise<boolean> {
    const { clock } = this.#options;
    const wanted = new Map(resources.map((resource) => [resourceName(resource), resource]));
    for (const [name, monitor] of this.#monitors) {
      const resource = wanted.get(name);
      if (resource !== undefined && isSame(resource, monitor.resource)) monitor.retiredMs = undefined;
      else monitor.retiredMs ??= clock.monotonicMs();
      const isReplaced = resource !== undefined && monitor.retiredMs !== undefined;
      if (isReplaced || clock.monotonicMs() - (monitor.retiredMs ?? Infinity) >= RETIRE_MS)
        await this.#end(name, monitor);
    }
    for (const [name, resource] of wanted) if (!this.#monitors.has(name)) this.#start(name, resource);
    return [...this.#monitors.values()].some(({ retiredMs }) => retiredMs !== undefined);
  }

  /** Some kind is in its first list, and there is hope that it comes to its end. */
  isStillListing(): boolean {
    const now = this.#options.clock.monotonicMs();
    return [...this.#monitors.values()].some(
      ({ informer, startedMs, isRefused }) =>
        !informer.hasSynced() && !isRefused && now - startedMs < FIRST_LIST_MS,
    );
  }

  /** Resolves when each kind has had its first list, is refused one, or had time enough. @throws the signal's reason */
  async whenListed(signal: AbortSignal): Promise<void> {
    while (this.isStillListing()) await this.#options.clock.sleep(LOOK_AGAIN_MS, signal);
  }

  /** Kinds whose objects are not known, and why. */
  unreadable(): ReadonlyMap<string, string> {
    const found = [...this.#monitors].filter(([, { informer }]) => !informer.hasSynced());
    return new Map(found.map(([name, { failure }]) => [name, failure ?? 'its first list is under way']));
  }

  async stop(): Promise<void> {
    for (const { leave } of this.#monitors.values()) leave();
    await Promise.all([...this.#monitors.values()].map(({ informer }) => informer.stop()));
  }

  #start(name: string, resource: ResourceAddress): void {
    const { client, graph, clock, logger, onDefinition } = this.#options;
    const informer = new Informer<ApiObject>({
      definition: resource,
      clock,
      logger,
      backoff: { baseDelayMs: 100, maxDelayMs: 30_000 },
      client: {
        listAll: (async (definition, options) => {
          try {
            const list = await client.listAll(definition, options);
            monitor.failure = undefined;
            return list;
          } catch (error) {
            monitor.failure = error instanceof Error ? error.message : String(error);
            monitor.isRefused = isRefusal(error);
            throw error;
          }
        }) as ApiClient['listAll'],
        watch: ((definition, options) => client.watch(definition, options)) as ApiClient['watch'],
      },
    });
    const leave = informer.onChange((_key, change) => {
      if (change.new !== undefined) graph.observe({ resource, object: change.new });
      else if (change.old !== undefined) graph.remove(resource, change.old);
      if (name === DEFINITIONS) onDefinition();
    });
    const startedMs = clock.monotonicMs();
    const monitor: Monitor = {
      resource,
      informer,
      leave,
      startedMs,
      retiredMs: undefined,
      failure: undefined,
      isRefused: false,
    };
    this.#monitors.set(name, monitor);
    informer.start();
  }

  async #end(name: string, { informer, leave, resource }: Monitor): Promise<void> {
    this.#monitors.delete(name);
    leave();
    await informer.stop();
    for (const object of informer.lister.list()) this.#options.graph.forget(resource, object);
  }
}

function isSame(one: ResourceAddress, other: ResourceAddress): boolean {
  return one.version === other.version && one.kind === other.kind && one.namespaced === other.namespaced;
}

function isRefusal(error: unknown): boolean {
  return (
    error instanceof ApiError && error.code >= 400 && error.code < 500 && ![410, 429].includes(error.code)
  );
}
