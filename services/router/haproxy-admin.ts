import { connect, type Socket } from 'node:net';

/** HAProxy answered a command with an error, or its Runtime API is out of reach. */
export class HaproxyAdminError extends Error {
  override readonly name = 'HaproxyAdminError';
}

/** The Runtime API, one command at a time: what the code above needs of it. */
export interface HaproxyAdmin {
  /**
   * Runs one command (a payload may follow after `<<\n`) and returns its answer without trailing line ends.
   * @throws HaproxyAdminError when the connection is lost or the answer does not come in time
   */
  run(command: string): Promise<string>;
}

export interface AdminConnectionOptions {
  readonly path: string;
  /** Longest wait for an answer; default 5000. */
  readonly timeoutMs?: number;
}

interface Waiting {
  readonly command: string;
  readonly resolve: (answer: string) => void;
  readonly reject: (error: Error) => void;
}

const PROMPT = '\n> ';

/**
 * One interactive connection to the Runtime API (`prompt` mode). Commands run in the order they were given, each
 * sent after the answer to the one before was read whole. After any failure the connection is closed for good:
 * an answer that comes late could otherwise be taken for the next one's.
 */
export class AdminConnection implements HaproxyAdmin {
  readonly #socket: Socket;
  readonly #timeoutMs: number;
  readonly #queue: Waiting[] = [];
  readonly #closed = Promise.withResolvers<Error>();
  #received = '';
  #failure: Error | undefined;
  #timer: NodeJS.Timeout | undefined;

  private constructor(socket: Socket, options: AdminConnectionOptions) {
    this.#socket = socket;
    this.#timeoutMs = options.timeoutMs ?? 5000;
    socket.setEncoding('utf8');
    socket.on('data', (chunk: string) => this.#receive(chunk));
    socket.on('error', (error) => this.#fail(`connection lost: ${error.message}`));
    socket.on('close', () => this.#fail('connection closed by HAProxy'));
  }

  /** @throws HaproxyAdminError naming the socket, when nothing listens there */
  static async open(options: AdminConnectionOptions): Promise<AdminConnection> {
    const socket = connect(options.path);
    await new Promise<void>((resolve, reject) => {
      socket.once('connect', resolve);
      socket.once('error', (cause) =>
        reject(new HaproxyAdminError(`HAProxy's admin socket ${options.path}: ${cause.message}`, { cause })),
      );
    });
    const connection = new AdminConnection(socket, options);
    await connection.run('prompt');
    return connection;
  }

  /** Resolves with the reason once the connection is of no more use. */
  get closed(): Promise<Error> {
    return this.#closed.promise;
  }

  run(command: string): Promise<string> {
    if (this.#failure !== undefined) return Promise.reject(this.#failure);
    return new Promise((resolve, reject) => {
      this.#queue.push({ command, resolve, reject });
      if (this.#queue.length === 1) this.#send();
    });
  }

  close(): void {
    this.#fail('closed');
  }

  #send(): void {
    const next = this.#queue[0];
    if (next === undefined) return;
    this.#timer = setTimeout(() => this.#fail(`no answer within ${this.#timeoutMs} ms`), this.#timeoutMs);
    this.#socket.write(`${next.command}\n`);
  }

  #receive(chunk: string): void {
    this.#received += chunk;
    if (!this.#received.endsWith(PROMPT)) return;
    const answer = this.#received.slice(0, -PROMPT.length);
    this.#received = '';
    clearTimeout(this.#timer);
    // Each line of a payload is acknowledged by a prompt of its own.
    this.#queue.shift()?.resolve(answer.replace(/^(?:\+ )+/, '').replace(/^\n+|\n+$/g, ''));
    this.#send();
  }

  #fail(detail: string): void {
    if (this.#failure !== undefined) return;
    const running = this.#queue[0]?.command.split('\n')[0]?.slice(0, 80);
    this.#failure = new HaproxyAdminError(
      `HAProxy's Runtime API: ${detail}${running === undefined ? '' : ` (${running})`}`,
    );
    clearTimeout(this.#timer);
    this.#socket.destroy();
    for (const waiting of this.#queue.splice(0)) waiting.reject(this.#failure);
    this.#closed.resolve(this.#failure);
  }
}

/** Which HAProxy process answers, and since when. */
export interface HaproxyProcess {
  readonly pid: number;
  readonly uptimeSeconds: number;
}

/** @throws HaproxyAdminError when the answer names no process */
export async function readProcess(admin: HaproxyAdmin): Promise<HaproxyProcess> {
  const answer = await admin.run('show info');
  const pid = Number(/^Pid: (\d+)$/m.exec(answer)?.[1]);
  const uptimeSeconds = Number(/^Uptime_sec: (\d+)$/m.exec(answer)?.[1]);
  if (!Number.isInteger(pid))
    throw new HaproxyAdminError(`show info named no process: ${answer.slice(0, 200)}`);
  return { pid, uptimeSeconds };
}
