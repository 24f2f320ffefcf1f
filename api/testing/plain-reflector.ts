import { type ApiAddress, JsonConnection } from './json-connection.ts';
import { type FeedEvent, openFeed } from './watch-feed.ts';

export interface ReflectorOptions {
  readonly address: ApiAddress;
  /** Of a collection. */
  readonly path: string;
  /** How it begins: by a list, or by a watch that sends what there is (client-go's WatchList). */
  readonly mode: 'list' | 'watch-list';
  readonly timeoutSeconds: number;
}

/** What the handlers of an informer would be told. */
export interface Notification {
  readonly type: 'add' | 'update' | 'delete';
  readonly key: string;
  readonly revision: number;
}

const RETRY_MS = 50;
const LIST_TIMEOUT_MS = 30_000;
const PAGE = 50;
const INITIAL_END = 'k8s.io/initial-events-end';

const pause = () => new Promise((resolve) => setTimeout(resolve, RETRY_MS));

/**
 * A client written after the documented protocol alone (kubernetes.io/docs/reference/using-api/api-concepts, and
 * what client-go's reflector does): list or watch-list, watch on from the last revision, begin anew after 410. It
 * takes nothing on trust: whatever comes twice, out of order or without its cause is a problem.
 */
export class PlainReflector {
  readonly #options: ReflectorOptions;
  readonly #connection: JsonConnection;
  readonly #store = new Map<string, number>();
  /** 0: everything must be read anew. */
  #revision = 0;
  #relistFromNewest = false;
  #closed = false;
  #feed = { close: () => {} };
  #endFeed: () => void = () => {};
  readonly notifications: Notification[] = [];
  readonly problems: string[] = [];
  /** Times that everything was read. */
  beginnings = 0;
  /** Answers and events with code 410. */
  expirations = 0;

  constructor(options: ReflectorOptions) {
    this.#options = options;
    this.#connection = new JsonConnection(options.address, LIST_TIMEOUT_MS);
    void this.#run();
  }

  /** Names and revisions of the objects that it knows. */
  get store(): ReadonlyMap<string, number> {
    return this.#store;
  }

  close(): void {
    this.#closed = true;
    this.#feed.close();
    this.#endFeed();
    this.#connection.close();
  }

  async #run(): Promise<void> {
    while (!this.#closed) {
      try {
        if (this.#revision === 0) await (this.#options.mode === 'list' ? this.#list() : this.#watchList());
        else await this.#watch();
      } catch {
        // The server is away: the same again.
      }
      if (!this.#closed) await pause();
    }
  }

  async #list(): Promise<void> {
    const items = new Map<string, number>();
    let token = '';
    let revision = 0;
    do {
      const start = this.#relistFromNewest ? '' : '&resourceVersion=0';
      const query = token === '' ? start : `&continue=${encodeURIComponent(token)}`;
      const { code, json } = await this.#connection.send({
        method: 'GET',
        path: `${this.#options.path}?limit=${PAGE}${query}`,
      });
      if (code === 410) this.expirations += 1;
      if (code !== 200) return;
      for (const { metadata } of json.items) this.#insert(items, metadata);
      revision = Number(json.metadata.resourceVersion);
      token = json.metadata.continue ?? '';
    } while (token !== '');
    this.#replace(items, revision);
  }

  #insert(items: Map<string, number>, metadata: { name: string; resourceVersion: string }): void {
    if (items.has(metadata.name)) this.problems.push(`${metadata.name} twice in one beginning`);
    items.set(metadata.name, Number(metadata.resourceVersion));
  }

  #replace(items: ReadonlyMap<string, number>, revision: number): void {
    this.beginnings += 1;
    this.#relistFromNewest = true;
    for (const [key, at] of items) {
      const known = this.#store.get(key);
      if (known === at) continue;
      if (known !== undefined && known > at) this.problems.push(`${key} went back from ${known} to ${at}`);
      this.#notify(known === undefined ? 'add' : 'update', key, at);
    }
    for (const key of [...this.#store.keys()]) if (!items.has(key)) this.#notify('delete', key, revision);
    this.#revision = revision;
  }

  #notify(type: Notification['type'], key: string, revision: number): void {
    this.notifications.push({ type, key, revision });
    if (type === 'delete') this.#store.delete(key);
    else this.#store.set(key, revision);
  }

  #watchList(): Promise<void> {
    const items = new Map<string, number>();
    let isInitial = true;
    return this.#follow('sendInitialEvents=true&resourceVersionMatch=NotOlderThan', (event) => {
      const { metadata } = event.object;
      if (!isInitial) this.#take(event);
      else if (event.type === 'ADDED') this.#insert(items, metadata);
      else if (event.type === 'BOOKMARK' && metadata.annotations?.[INITIAL_END] === 'true') {
        isInitial = false;
        this.#replace(items, Number(metadata.resourceVersion));
      } else this.problems.push(`${event.type} among the initial events`);
    });
  }

  #watch(): Promise<void> {
    return this.#follow(`resourceVersion=${this.#revision}`, (event) => this.#take(event));
  }

  /** One watch request, until it ends. */
  #follow(query: string, take: (event: FeedEvent) => void): Promise<void> {
    const { address, path, timeoutSeconds } = this.#options;
    return new Promise((resolve) => {
      this.#endFeed = resolve;
      this.#feed = openFeed({
        address,
        path: `${path}?watch=true&allowWatchBookmarks=true&timeoutSeconds=${timeoutSeconds}&${query}`,
        onEvent: (event) => {
          if (event.type === 'ERROR') this.#fail(event.object.code);
          else take(event);
        },
        onEnd: (code) => {
          if (code >= 400) this.#fail(code);
          resolve();
        },
      });
    });
  }

  #fail(code: number): void {
    if (code !== 410) return;
    this.expirations += 1;
    this.#revision = 0;
  }

  #take({ type, object }: FeedEvent): void {
    const key: string = object.metadata.name;
    const revision = Number(object.metadata.resourceVersion);
    const known = this.#store.get(key);
    if (type === 'BOOKMARK') {
      if (revision < this.#revision) this.problems.push(`bookmark ${revision} after ${this.#revision}`);
      this.#revision = revision;
      return;
    }
    if (revision <= this.#revision)
      this.problems.push(`${type} ${key} at ${revision} after ${this.#revision}`);
    if ((type === 'ADDED') !== (known === undefined))
      this.problems.push(`${type} ${key} at ${revision}, known at ${known}`);
    this.#notify(type === 'DELETED' ? 'delete' : type === 'ADDED' ? 'add' : 'update', key, revision);
    this.#revision = revision;
  }
}
