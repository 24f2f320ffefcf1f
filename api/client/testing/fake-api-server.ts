import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { type FakeEvent, FakeStore } from './fake-store.ts';

interface Watcher {
  readonly response: ServerResponse;
  sentRevision: number;
}

export interface RecordedRequest {
  readonly method: string;
  readonly path: string;
  readonly query: URLSearchParams;
  readonly headers: IncomingMessage['headers'];
  readonly body: unknown;
}

/**
 * A fake API server for one kind: list (paged), watch from a revision, and canned answers for all else. It serves
 * plain HTTP on a free loopback port and can misbehave the ways that a real one does. The real one is tested
 * elsewhere; this one is here for the faults.
 */
export class FakeApiServer {
  readonly store = new FakeStore();
  readonly requests: RecordedRequest[] = [];
  /** Answers of requests that are neither list nor watch; undefined falls through to 404. */
  respond: (request: RecordedRequest) => { code: number; body: unknown } | undefined = () => undefined;
  /** Lists as of this revision, as a replica that lags would. */
  staleListRevision: number | undefined;
  /** Watchers get nothing, while their connections stay open. */
  isSilent = false;
  /** Next requests get status 500. */
  failuresLeft = 0;
  readonly #watchers = new Set<Watcher>();
  readonly #server = createServer((request, response) => void this.#answer(request, response));

  static async start(): Promise<FakeApiServer> {
    const fake = new FakeApiServer();
    await new Promise<void>((resolve) => fake.#server.listen(0, '127.0.0.1', resolve));
    return fake;
  }

  get url(): string {
    return `http://127.0.0.1:${(this.#server.address() as AddressInfo).port}`;
  }

  get watcherCount(): number {
    return this.#watchers.size;
  }

  /** Sends watchers what happened since they last got something. */
  flush(): void {
    if (this.isSilent) return;
    for (const watcher of this.#watchers) {
      for (const event of this.store.after(watcher.sentRevision)) this.#send(watcher, event);
    }
  }

  /** Sends watchers the first `count` events they lack, then cuts their connections in the middle of a line. */
  flushAndCut(count: number): void {
    for (const watcher of this.#watchers) {
      for (const event of this.store.after(watcher.sentRevision).slice(0, count)) this.#send(watcher, event);
      watcher.response.write('{"type":"MODIFIED","object":{"metad');
    }
    this.cutWatches();
  }

  /** Watchers never get what they lack now, on this connection. */
  dropPending(): void {
    for (const watcher of this.#watchers) watcher.sentRevision = this.store.revision;
  }

  bookmark(): void {
    for (const watcher of this.#watchers) {
      const metadata = { resourceVersion: String(watcher.sentRevision) };
      watcher.response.write(`${JSON.stringify({ type: 'BOOKMARK', object: { kind: 'Any', metadata } })}\n`);
    }
  }

  cutWatches(): void {
    for (const watcher of this.#watchers) watcher.response.socket?.destroy();
    this.#watchers.clear();
  }

  /** Ends watches in order, as the server does when timeoutSeconds are over. */
  endWatches(): void {
    for (const watcher of this.#watchers) watcher.response.end();
    this.#watchers.clear();
  }

  async close(): Promise<void> {
    this.cutWatches();
    this.#server.closeAllConnections();
    await new Promise((resolve) => this.#server.close(resolve));
  }

  async #answer(request: IncomingMessage, response: ServerResponse): Promise<void> {
    let text = '';
    for await (const chunk of request) text += chunk;
    const url = new URL(request.url ?? '/', this.url);
    const recorded: RecordedRequest = {
      method: request.method ?? '',
      path: url.pathname,
      query: url.searchParams,
      headers: request.headers,
      body: text === '' ? undefined : JSON.parse(text),
    };
    this.requests.push(recorded);
    const canned = this.respond(recorded);
    if (canned !== undefined) this.#json(response, canned.code, canned.body);
    else if (this.failuresLeft > 0) {
      this.failuresLeft -= 1;
      this.#json(response, 500, {
        kind: 'Status',
        code: 500,
        reason: 'InternalError',
        message: 'told to fail',
      });
    } else if (
      recorded.method !== 'GET' ||
      !/^\/api\/v1\/[^/]+$|^\/apis\/[^/]+\/[^/]+\/[^/]+$/.test(recorded.path)
    ) {
      this.#json(response, 404, { kind: 'Status', code: 404, reason: 'NotFound', message: 'not found' });
    } else if (url.searchParams.get('watch') === 'true') this.#watch(url, response);
    else this.#list(url, response);
  }

  #list(url: URL, response: ServerResponse): void {
    const revision = this.staleListRevision ?? this.store.revision;
    const items =
      this.staleListRevision === undefined ? [...this.store.objects.values()] : this.store.at(revision);
    const limit = Number(url.searchParams.get('limit') ?? items.length);
    const start = Number(url.searchParams.get('continue') ?? 0);
    const next = start + limit < items.length ? String(start + limit) : '';
    const metadata = { resourceVersion: String(revision), continue: next };
    this.#json(response, 200, { kind: 'List', metadata, items: items.slice(start, start + limit) });
  }

  #watch(url: URL, response: ServerResponse): void {
    const from = Number(url.searchParams.get('resourceVersion') ?? 0);
    response.writeHead(200, { 'content-type': 'application/json' });
    response.flushHeaders();
    if (from < this.store.compactedRevision) {
      const object = { kind: 'Status', code: 410, reason: 'Expired', message: 'too old resource version' };
      response.end(`${JSON.stringify({ type: 'ERROR', object })}\n`);
      return;
    }
    const watcher: Watcher = { response, sentRevision: from };
    this.#watchers.add(watcher);
    response.on('close', () => this.#watchers.delete(watcher));
    this.flush();
  }

  #send(watcher: Watcher, event: FakeEvent): void {
    watcher.sentRevision = event.revision;
    watcher.response.write(`${JSON.stringify({ type: event.type, object: event.object })}\n`);
  }

  #json(response: ServerResponse, code: number, body: unknown): void {
    response.writeHead(code, { 'content-type': 'application/json' }).end(JSON.stringify(body));
  }
}
