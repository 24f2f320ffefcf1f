import type { Logger } from '../../../lib/logger.ts';
import { currentRevision } from '../current-revision.ts';
import type { EtcdConnection } from '../etcd/connection.ts';
import type { EtcdKv } from '../etcd/kv.ts';
import { REGISTRY_PREFIX, ROOT_PREFIX, resourcePrefixOfKey } from '../keys.ts';
import { listPage } from '../list-page.ts';
import type { StoredObject } from '../stored-object.ts';
import type { KeyEvent } from '../watch/watch-event.ts';
import { WatchStream } from '../watch/watch-stream.ts';
import { ResourceWindow, type ResourceWindowLimits } from './resource-window.ts';

export interface RegistryCacheOptions {
  readonly kv: EtcdKv;
  readonly connection: EtcdConnection;
  readonly logger: Logger;
  readonly limits?: ResourceWindowLimits;
  /** Revisions of history that a fresh cache fetches, so that clients resume across a restart of this process. */
  readonly historyRevisions?: number;
}

const DEFAULT_LIMITS: ResourceWindowLimits = { eventsMax: 4_096, bytesMax: 32 * 1024 * 1024 };
const DEFAULT_HISTORY_REVISIONS = 2_000;
const RETRY_MS = 500;

/**
 * All API objects in memory, kept up to date by one etcd watch over the whole registry. One watch, not one a
 * resource: a transaction over several kinds arrives as one step, and every change moves every resource's
 * bookmark on.
 */
export class RegistryCache {
  readonly #options: RegistryCacheOptions;
  readonly #limits: ResourceWindowLimits;
  readonly #windows = new Map<string, ResourceWindow>();
  #listRevision = 0;
  #floorRevision = 0;
  #appliedRevision = 0;
  #ready = false;
  #closed = false;
  #stream: WatchStream | undefined;
  #retryTimer: NodeJS.Timeout | undefined;
  readonly #readyWaiters = new Set<() => void>();
  readonly #revisionWaiters = new Set<{ readonly revision: number; readonly finish: () => void }>();

  constructor(options: RegistryCacheOptions) {
    this.#options = options;
    this.#limits = options.limits ?? DEFAULT_LIMITS;
  }

  /** Fills the cache in the background, and keeps trying while etcd is away. */
  start(): void {
    void this.#load(0);
  }

  /** Whether it was filled at least once; it stays usable, though it ages, while etcd is away. */
  get ready(): boolean {
    return this.#ready;
  }

  /** The objects in memory are those of this revision. */
  get revision(): number {
    return Math.max(this.#listRevision, this.#appliedRevision);
  }

  /** The window of the resource with this prefix. */
  window(prefix: string): ResourceWindow {
    let window = this.#windows.get(prefix);
    if (window === undefined) {
      window = new ResourceWindow(this.#limits, this.#floorRevision, () => this.#appliedRevision);
      this.#windows.set(prefix, window);
    }
    return window;
  }

  /** The same, but nothing is made for a prefix that nobody stored or asked anything of. */
  knownWindow(prefix: string): ResourceWindow | undefined {
    return this.#windows.get(prefix);
  }

  /** The perhaps stale object at a key. */
  get(key: string): StoredObject | undefined {
    const prefix = resourcePrefixOfKey(key);
    return prefix === undefined ? undefined : this.#windows.get(prefix)?.get(key);
  }

  /** Resolves to whether the cache is filled, after `timeoutMs` at the latest. */
  whenReady(timeoutMs: number): Promise<boolean> {
    if (this.#ready) return Promise.resolve(true);
    return new Promise((resolve) => {
      const finish = () => {
        clearTimeout(timer);
        this.#readyWaiters.delete(finish);
        resolve(this.#ready);
      };
      const timer = setTimeout(finish, timeoutMs);
      this.#readyWaiters.add(finish);
    });
  }

  /** Resolves to whether the objects in memory are at least of this revision, after `timeoutMs` at the latest. */
  whenAt(revision: number, timeoutMs: number): Promise<boolean> {
    if (this.revision >= revision) return Promise.resolve(true);
    return new Promise((resolve) => {
      const waiter = { revision, finish: () => finish(this.revision >= revision) };
      const finish = (isThere: boolean) => {
        clearTimeout(timer);
        this.#revisionWaiters.delete(waiter);
        resolve(isThere);
      };
      const timer = setTimeout(() => finish(false), timeoutMs);
      this.#revisionWaiters.add(waiter);
    });
  }

  #wakeRevisionWaiters(): void {
    for (const waiter of this.#revisionWaiters) if (this.revision >= waiter.revision) waiter.finish();
  }

  close(): void {
    for (const waiter of this.#revisionWaiters) waiter.finish();
    this.#closed = true;
    clearTimeout(this.#retryTimer);
    this.#stream?.close();
    for (const finish of [...this.#readyWaiters]) finish();
  }

  async #load(startRevisionMin: number): Promise<void> {
    if (this.#closed) return;
    this.#stream?.close();
    try {
      const { items, revision } = await listPage({ kv: this.#options.kv, prefix: REGISTRY_PREFIX });
      if (!this.#closed) this.#restart(items, revision, startRevisionMin);
    } catch (error) {
      if (this.#closed) return;
      this.#options.logger.warn(
        { reason: String(error) },
        'cannot read the registry from etcd; trying again',
      );
      this.#retryTimer = setTimeout(() => void this.#load(startRevisionMin), RETRY_MS);
    }
  }

  #restart(items: readonly StoredObject[], revision: number, startRevisionMin: number): void {
    const history = this.#options.historyRevisions ?? DEFAULT_HISTORY_REVISIONS;
    const startRevision = Math.max(1, startRevisionMin, revision - history);
    this.#listRevision = revision;
    this.#floorRevision = startRevision - 1;
    this.#appliedRevision = startRevision - 1;
    const states = new Map<string, Map<string, StoredObject>>(
      [...this.#windows.keys()].map((k) => [k, new Map()]),
    );
    for (const stored of items) {
      const prefix = resourcePrefixOfKey(stored.key);
      if (prefix === undefined) continue;
      const state = states.get(prefix) ?? new Map<string, StoredObject>();
      states.set(prefix, state.set(stored.key, stored));
    }
    for (const [prefix, state] of states) this.window(prefix).reset(state, this.#floorRevision);
    this.#ready = true;
    for (const finish of [...this.#readyWaiters]) finish();
    this.#stream = this.#openStream(startRevision);
    this.#wakeRevisionWaiters();
  }

  #openStream(startRevision: number): WatchStream {
    const { connection, logger, kv } = this.#options;
    return new WatchStream({
      connection,
      prefix: ROOT_PREFIX,
      startRevision,
      logger,
      onEvents: (events) => this.#apply(events),
      onProgress: (revision) => {
        this.#appliedRevision = Math.max(this.#appliedRevision, revision);
        this.#wakeRevisionWaiters();
      },
      onCompacted: (compactRevision) => {
        logger.warn({ compactRevision }, 'the registry watch fell behind a compaction; listing anew');
        void this.#load(compactRevision + 1);
      },
      mayResume: async (deliveredRevision) => {
        const revision = await currentRevision(kv);
        if (revision >= deliveredRevision) return true;
        logger.error({ revision, deliveredRevision }, 'etcd went back to an older revision; listing anew');
        void this.#load(0);
        return false;
      },
    });
  }

  #apply(events: readonly KeyEvent[]): void {
    const touched = new Set<ResourceWindow>();
    for (const event of events) {
      const prefix = resourcePrefixOfKey(event.key);
      if (prefix !== undefined) {
        const window = this.window(prefix);
        window.apply(event, this.#listRevision);
        touched.add(window);
      }
      this.#appliedRevision = event.modRevision;
    }
    for (const window of touched) window.notify();
    this.#wakeRevisionWaiters();
  }
}
