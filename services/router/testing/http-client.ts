import { connect } from 'node:net';
import { Client } from 'undici';
import { z } from 'zod';

const echoSchema = z.object({
  vm: z.string(),
  url: z.string(),
  headers: z.record(z.string(), z.union([z.string(), z.array(z.string())])),
  rawHeaders: z.array(z.string()),
});

export interface Answer {
  readonly status: number;
  readonly headers: Readonly<Record<string, string | string[] | undefined>>;
  readonly body: string;
}

export interface SendOptions {
  readonly method?: 'GET' | 'POST';
  readonly headers?: Readonly<Record<string, string>>;
}

/** One keep-alive connection; paths are sent as they are, without URL parsing. */
export class HttpClient {
  readonly #client: Client;

  constructor(port: number) {
    this.#client = new Client(`http://127.0.0.1:${port}`);
  }

  async send(path: string, options: SendOptions = {}): Promise<Answer> {
    const { method = 'GET', headers = {} } = options;
    const answer = await this.#client.request({ path, method, headers });
    return { status: answer.statusCode, headers: answer.headers, body: await answer.body.text() };
  }

  async close(): Promise<void> {
    await this.#client.close();
  }
}

/** What a stand-in VM saw of a request. */
export function readEcho(answer: Answer): z.infer<typeof echoSchema> {
  return echoSchema.parse(JSON.parse(answer.body));
}

/** Sends bytes as they are on a connection of its own and returns all that comes until the other side closes. */
export function sendRaw(port: number, bytes: string): Promise<string> {
  return new Promise((resolve, reject) => {
    const socket = connect(port, '127.0.0.1', () => socket.write(bytes));
    let received = '';
    socket.setEncoding('utf8').on('data', (chunk: string) => {
      received += chunk;
    });
    socket.on('error', reject);
    socket.on('close', () => resolve(received));
  });
}

/** The body of a raw HTTP/1.1 answer with a content length. */
export function bodyOf(raw: string): Answer {
  const [head = '', body = ''] = raw.split('\r\n\r\n', 2);
  const [statusLine = '', ...lines] = head.split('\r\n');
  const headers = Object.fromEntries(
    lines.map((line) => [line.slice(0, line.indexOf(':')).toLowerCase(), line.slice(line.indexOf(':') + 2)]),
  );
  return { status: Number(statusLine.split(' ')[1]), headers, body };
}
