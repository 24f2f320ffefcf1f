import { Agent, request } from 'node:https';
import { createSecureContext, type SecureContext } from 'node:tls';
import type { AnsweredObject } from './answered-object.ts';

/** Where the API is, and as whom to speak to it; PEM. */
export interface ApiAddress {
  readonly port: number;
  readonly cert: Buffer;
  readonly key: Buffer;
  readonly ca: Buffer;
}

export interface JsonRequest {
  readonly method: string;
  readonly path: string;
  readonly body?: object;
  readonly contentType?: string;
}

/** An answer whose body was JSON. */
export interface JsonAnswer {
  readonly code: number;
  readonly json: AnsweredObject;
}

/** A request that got no answer. */
export class NoAnswer extends Error {
  /** Whether the server may have got it. */
  readonly maybeSent: boolean;

  constructor(message: string, maybeSent: boolean) {
    super(message);
    this.maybeSent = maybeSent;
  }
}

/** Connections of one client, kept alive; nothing is ever sent twice. */
export class JsonConnection {
  readonly #port: number;
  readonly #secureContext: SecureContext;
  readonly #agent: Agent;
  readonly #timeoutMs: number;

  constructor(address: ApiAddress, timeoutMs: number) {
    this.#port = address.port;
    this.#agent = new Agent({ keepAlive: true, maxSockets: 4 });
    // Made once: it would otherwise be parsed from PEM for each connection.
    this.#secureContext = createSecureContext(address);
    this.#timeoutMs = timeoutMs;
  }

  /** @throws NoAnswer */
  send({ method, path, body, contentType = 'application/json' }: JsonRequest): Promise<JsonAnswer> {
    const bytes = body === undefined ? undefined : Buffer.from(JSON.stringify(body));
    return new Promise((resolve, reject) => {
      const outgoing = request({
        ...{ host: '127.0.0.1', port: this.#port, secureContext: this.#secureContext },
        ...{ method, path, agent: this.#agent },
        headers: bytes === undefined ? {} : { 'content-type': contentType, 'content-length': bytes.length },
      });
      const fail = (error: Error & { code?: string }) => {
        clearTimeout(timer);
        reject(new NoAnswer(error.message, error.code !== 'ECONNREFUSED'));
      };
      const timer = setTimeout(
        () => outgoing.destroy(new Error(`no answer within ${this.#timeoutMs} ms`)),
        this.#timeoutMs,
      );
      outgoing.on('error', fail);
      outgoing.on('response', (response) => {
        const chunks: Buffer[] = [];
        response.on('data', (chunk: Buffer) => chunks.push(chunk));
        response.on('error', fail);
        response.on('end', () => {
          clearTimeout(timer);
          try {
            resolve({ code: response.statusCode ?? 0, json: JSON.parse(Buffer.concat(chunks).toString()) });
          } catch (error) {
            fail(error as Error);
          }
        });
      });
      outgoing.end(bytes);
    });
  }

  close(): void {
    this.#agent.destroy();
  }
}
