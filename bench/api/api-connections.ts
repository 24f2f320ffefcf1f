import { type Dispatcher, Pool } from 'undici';

export interface ClientTls {
  readonly ca: Buffer;
  readonly cert: Buffer;
  readonly key: Buffer;
}

type Method = Extract<Dispatcher.HttpMethod, 'GET' | 'POST' | 'PUT' | 'PATCH' | 'DELETE'>;

/** A fixed number of kept connections, one request at a time on each, with nothing of a Kubernetes client's cost. */
export class ApiConnections {
  readonly #pool: Pool;

  constructor(origin: string, tls: ClientTls, count: number) {
    this.#pool = new Pool(origin, { connections: count, pipelining: 1, bodyTimeout: 0, connect: { ...tls } });
  }

  /** @throws Error for any answer but a success */
  async send(method: Method, path: string, body?: string, contentType = 'application/json'): Promise<string> {
    const { statusCode, body: answer } = await this.#pool.request({
      method,
      path,
      ...(body === undefined ? {} : { body, headers: { 'content-type': contentType } }),
    });
    const text = await answer.text();
    if (statusCode >= 300) throw new Error(`${method} ${path}: ${statusCode} ${text.slice(0, 300)}`);
    return text;
  }

  /** Opens a watch; `onLine` gets each event as text until `signal` fires. Resolves once the stream began. */
  async watch(path: string, onLine: (line: string) => void, signal: AbortSignal): Promise<void> {
    const { body } = await this.#pool.request({ method: 'GET', path, signal });
    let rest = '';
    body.setEncoding('utf8');
    body.on('data', (chunk: string) => {
      const lines = (rest + chunk).split('\n');
      rest = lines.pop() ?? '';
      for (const line of lines) onLine(line);
    });
    // It ends by the signal.
    body.on('error', () => {});
  }

  close(): Promise<void> {
    return this.#pool.destroy();
  }
}
