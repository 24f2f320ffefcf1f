import { createServer, type Server, type Socket } from 'node:net';
import { HttpParseError, type HttpRequest, RequestParser } from './request-parser.ts';

/** Answer of the API; 204 has no body, every other one has (perhaps an empty one). */
export interface HttpAnswer {
  readonly statusCode: number;
  readonly body?: string;
}

export type AnswerRequest = (request: HttpRequest) => Promise<HttpAnswer>;

/** Connections that the VMM's HTTP library holds at once; a further one gets a 503. */
const connectionsMax = 10;

const serverFull =
  'HTTP/1.1 503\r\nServer: Firecracker API\r\nConnection: close\r\nContent-Length: 40\r\n\r\n' +
  '{ "error": "Too many open connections" }';

/**
 * Serves the API socket with the quirks of the real one's HTTP library. Answers of one connection keep
 * their order; the caller serialises the calls of all.
 */
export function createApiServer(answer: AnswerRequest): Server {
  const open = new Set<Socket>();
  return createServer((socket) => {
    socket.on('error', () => {});
    if (open.size >= connectionsMax) {
      socket.end(serverFull);
      return;
    }
    open.add(socket);
    socket.on('close', () => open.delete(socket));
    serveConnection(socket, answer);
  });
}

function serveConnection(socket: Socket, answer: AnswerRequest): void {
  const parser = new RequestParser();
  let last: Promise<unknown> = Promise.resolve();
  const enqueue = (write: () => Promise<string>) => {
    last = last.then(async () => {
      const text = await write();
      if (socket.writable) await new Promise((resolve) => socket.write(text, resolve));
    });
  };
  socket.on('data', (chunk: Buffer) => {
    try {
      for (const request of parser.push(chunk)) {
        enqueue(async () => format('Cloud Hypervisor API', await answer(request)));
      }
    } catch (error) {
      if (!(error instanceof HttpParseError)) throw error;
      const body = `{ "error": "${error.message}\nAll previous unanswered requests will be dropped." }`;
      enqueue(async () => format('Firecracker API', { statusCode: 400, body }));
    }
  });
}

function format(server: string, { statusCode, body = '' }: HttpAnswer): string {
  const head = `HTTP/1.1 ${statusCode} \r\nServer: ${server}\r\nConnection: keep-alive\r\n`;
  if (statusCode === 204) return `${head}\r\n`;
  return `${head}Content-Type: application/json\r\nContent-Length: ${Buffer.byteLength(body)}\r\n\r\n${body}`;
}
