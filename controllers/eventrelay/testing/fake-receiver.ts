import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
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

/** A fake receiver of CloudEvents that keeps one batch a key, and misbehaves as it is told. */
export class FakeReceiver {
  readonly requests: ReceivedBatch[] = [];
  /** By key, as a receiver keeps them that honours Idempotency-Key. */
  readonly kept = new Map<string, readonly StreamRecord[]>();
  /** For the next requests, one each; then all is well. */
  readonly behaviours: Behaviour[] = [];
  /** Larger bodies are 413. */
  recordsMax = Number.POSITIVE_INFINITY;
  readonly #server = createServer((request, response) => void this.#answer(request, response));

  static async start(): Promise<FakeReceiver> {
    const receiver = new FakeReceiver();
    await new Promise<void>((resolve) => receiver.#server.listen(0, '127.0.0.1', resolve));
    return receiver;
  }

  get url(): string {
    return `http://127.0.0.1:${(this.#server.address() as AddressInfo).port}/events`;
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
