import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import { createServer as createTlsServer } from 'node:https';
import type { AddressInfo } from 'node:net';
import type { StreamRecord } from '../records.ts';

export interface ReceivedBatch {
  readonly key: string;
  readonly headers: IncomingMessage['headers'];
  readonly records: readonly StreamRecord[];
}

/** What it does with the next request: an answer, a cut before it looked, or a cut after it kept the batch. */
export type Behaviour =
  | { readonly code: number; readonly headers?: Readonly<Record<string, string>>; readonly body?: string }
  | 'cut-before'
  | 'cut-after'
  | 'silent';

export interface ReceiverTls {
  readonly cert: Buffer;
  readonly key: Buffer;
}

/** A fake receiver of CloudEvents that keeps one batch a key, and misbehaves as it is told. */
export class FakeReceiver {
  readonly requests: ReceivedBatch[] = [];
  /** By key, as a receiver keeps them that honours Idempotency-Key. */
  readonly kept = new Map<string, readonly StreamRecord[]>();
  /** For the next requests, one each; then all is well. */
  readonly behaviours: Behaviour[] = [];
  /** Larger bodies are 413. */
  recordsMax = Number.POSITIVE_INFINITY;
  readonly #server: Server;
  readonly #scheme: 'http' | 'https';

  private constructor(tls: ReceiverTls | undefined) {
    const listener = (request: IncomingMessage, response: ServerResponse) =>
      void this.#answer(request, response);
    this.#scheme = tls === undefined ? 'http' : 'https';
    this.#server = tls === undefined ? createServer(listener) : createTlsServer(tls, listener);
  }

  static async start(tls?: ReceiverTls): Promise<FakeReceiver> {
    const receiver = new FakeReceiver(tls);
    await new Promise<void>((resolve) => receiver.#server.listen(0, '127.0.0.1', resolve));
    return receiver;
  }

  get url(): string {
    return `${this.#scheme}://127.0.0.1:${(this.#server.address() as AddressInfo).port}/events`;
  }

  /** What was kept, in the order in which it came. */
  get records(): StreamRecord[] {
    return [...this.kept.values()].flat();
  }

  async close(): Promise<void> {
    this.#server.closeAllConnections();
    await new Promise((resolve) => this.#server.close(resolve));
  }

  async #answer(request: IncomingMessage, response: ServerResponse): Promise<void> {
    let text = '';
    for await (const chunk of request) text += chunk;
    const records: StreamRecord[] = JSON.parse(text);
    const key = String(request.headers['idempotency-key']);
    this.requests.push({ key, headers: request.headers, records });
    const behaviour = this.behaviours.shift() ?? { code: records.length > this.recordsMax ? 413 : 204 };
    if (behaviour === 'silent') return;
    if (behaviour === 'cut-after' || (typeof behaviour === 'object' && behaviour.code < 300))
      if (!this.kept.has(key)) this.kept.set(key, records);
    if (typeof behaviour === 'string') request.socket.destroy();
    else response.writeHead(behaviour.code, behaviour.headers).end(behaviour.body);
  }
}
