import { type ChildProcess, spawn } from 'node:child_process';
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { Socket } from 'node:net';
import type { Duplex } from 'node:stream';

/** What a test asked podman for. */
interface Exec {
  readonly command: readonly string[];
  readonly tty: boolean;
  readonly stdin: boolean;
  child?: ChildProcess;
  exitCode?: number;
}

function frame(type: number, data: Buffer): Buffer {
  const header = Buffer.alloc(8);
  header.writeUInt8(type, 0);
  header.writeUInt32BE(data.length, 4);
  return Buffer.concat([header, data]);
}

/**
 * A stand-in for podman's API in a guest, on a unix socket: commands are real processes of this machine, their output
 * framed as podman frames it; the log is what the test puts into `log`.
 */
export class FakeGuestPodman {
  readonly containerId: string;
  /** Frames of the log, in order. */
  readonly log: Buffer[] = [];
  /** Queries of the logs that were asked for. */
  readonly logQueries: URLSearchParams[] = [];
  /** Sizes that terminals were given. */
  readonly sizes: string[] = [];
  /** Sent in the place of a command's output, to play a guest that breaks the protocol. */
  garbage: Buffer | undefined;
  readonly #execs: Exec[] = [];
  readonly #followers = new Set<ServerResponse>();
  readonly #sockets = new Set<Socket>();
  readonly #server: Server;

  private constructor(containerId: string) {
    this.containerId = containerId;
    this.#server = createServer((request, response) => void this.#answer(request, response));
    this.#server.on('connection', (socket) => {
      this.#sockets.add(socket);
      socket.once('close', () => this.#sockets.delete(socket));
    });
    this.#server.on('upgrade', (request, socket, head) => this.#upgrade(request, socket, head));
  }

  static async listen(socketPath: string, containerId: string): Promise<FakeGuestPodman> {
    const fake = new FakeGuestPodman(containerId);
    await new Promise<void>((resolve) => fake.#server.listen(socketPath, resolve));
    return fake;
  }

  /** Adds a line to the log. */
  write(stream: 1 | 2, text: string): void {
    const bytes = frame(stream, Buffer.from(text));
    this.log.push(bytes);
    for (const follower of this.#followers) follower.write(bytes);
  }

  /** Processes that still run. */
  get running(): number {
    return this.#execs.filter(({ child, exitCode }) => child !== undefined && exitCode === undefined).length;
  }

  /** Logs that are being followed. */
  get followers(): number {
    return this.#followers.size;
  }

  async close(): Promise<void> {
    for (const { child } of this.#execs) child?.kill('SIGKILL');
    for (const socket of this.#sockets) socket.destroy();
    await new Promise<void>((resolve) => this.#server.close(() => resolve()));
  }

  async #answer(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const url = new URL(request.url ?? '/', 'http://guest');
    const path = url.pathname.replace('/v4.0.0/libpod', '');
    let body = '';
    for await (const chunk of request.setEncoding('utf8')) body += chunk;
    const [, kind, id = '', action] = path.split('/');
    const json = (code: number, object: object) => response.writeHead(code).end(JSON.stringify(object));
    if (kind === 'containers' && id !== this.containerId)
      json(404, { cause: 'no such container', message: `no container with ${id}`, response: 404 });
    else if (kind === 'containers' && action === 'logs') this.#logs(url.searchParams, response);
    else if (kind === 'containers' && action === 'exec') {
      const { Cmd, Tty, AttachStdin } = JSON.parse(body);
      json(201, { Id: String(this.#execs.push({ command: Cmd, tty: Tty, stdin: AttachStdin }) - 1) });
    } else if (kind === 'exec' && action === 'resize') {
      this.sizes.push(`${url.searchParams.get('w')}x${url.searchParams.get('h')}`);
      json(201, {});
    } else if (kind === 'exec' && action === 'json') {
      const { exitCode } = this.#execs[Number(id)] ?? {};
      json(200, { Running: exitCode === undefined, ExitCode: exitCode ?? 0 });
    } else json(404, { cause: '', message: `no ${path}`, response: 404 });
  }

  #logs(query: URLSearchParams, response: ServerResponse): void {
    this.logQueries.push(query);
    response.writeHead(200);
    const tail = query.get('tail');
    for (const bytes of tail === null ? this.log : this.log.slice(-Number(tail))) response.write(bytes);
    if (query.get('follow') !== 'true') {
      response.end();
      return;
    }
    response.flushHeaders();
    this.#followers.add(response);
    response.on('close', () => this.#followers.delete(response));
  }

  #upgrade(request: IncomingMessage, socket: Duplex, head: Buffer): void {
    socket.on('error', () => {});
    const [, , id = ''] = (request.url ?? '').replace('/v4.0.0/libpod', '').split('/');
    request.resume();
    socket.write('HTTP/1.1 101 UPGRADED\r\nConnection: Upgrade\r\nUpgrade: tcp\r\n\r\n');
    if (this.garbage !== undefined) {
      socket.write(this.garbage);
      return;
    }
    const exec = this.#execs[Number(id)];
    const isAttach = request.url?.includes('/attach') === true;
    if (exec === undefined || isAttach) {
      for (const bytes of this.log) socket.write(bytes);
      socket.end();
      return;
    }
    const [program = '', ...words] = exec.command;
    const child = spawn(program, words, { stdio: ['pipe', 'pipe', 'pipe'] });
    exec.child = child;
    if (exec.stdin && head.length > 0) child.stdin.write(head);
    socket.on('data', (data: Buffer) => {
      if (exec.stdin) child.stdin.write(data);
    });
    for (const gone of ['end', 'close']) socket.on(gone, () => child.stdin.end());
    child.stdin.on('error', () => {});
    child.stdout.on('data', (data: Buffer) => socket.write(exec.tty ? data : frame(1, data)));
    child.stderr.on('data', (data: Buffer) => socket.write(exec.tty ? data : frame(2, data)));
    child.on('error', (error) => socket.end(frame(3, Buffer.from(error.message))));
    child.on('close', (code) => {
      exec.exitCode = code ?? 137;
      socket.end();
    });
  }
}
