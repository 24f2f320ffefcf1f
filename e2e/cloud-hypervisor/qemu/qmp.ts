import type { Duplex } from 'node:stream';

/** An event of QEMU, e.g. SHUTDOWN. */
export interface QmpEvent {
  readonly event: string;
  readonly data?: Readonly<Record<string, unknown>>;
}

/** A command that QEMU refused, in its words. */
export class QmpError extends Error {}

interface Pending {
  readonly resolve: (value: unknown) => void;
  readonly reject: (error: Error) => void;
}

/** QEMU's machine protocol: JSON lines over a stream; answers come in the order of the commands. */
export class Qmp {
  readonly #stream: Duplex;
  readonly #onEvent: (event: QmpEvent) => void;
  readonly #pending: Pending[] = [];
  readonly #greeted = Promise.withResolvers<void>();
  #text = '';
  #isClosed = false;

  private constructor(stream: Duplex, onEvent: (event: QmpEvent) => void) {
    this.#stream = stream;
    this.#onEvent = onEvent;
    // Whoever waits for the greeting hears of its failure; nobody may be waiting any more.
    this.#greeted.promise.catch(() => {});
    stream.setEncoding('utf8');
    stream.on('data', (chunk: string) => this.#read(chunk));
    stream.on('error', () => {});
    stream.on('close', () => this.#close());
  }

  /** Takes the stream over and negotiates. @throws QmpError when QEMU goes away first */
  static async open(stream: Duplex, onEvent: (event: QmpEvent) => void): Promise<Qmp> {
    const qmp = new Qmp(stream, onEvent);
    await qmp.#greeted.promise;
    await qmp.run('qmp_capabilities');
    return qmp;
  }

  /** @throws QmpError */
  run(command: string, parameters?: Readonly<Record<string, unknown>>): Promise<unknown> {
    return new Promise((resolve, reject) => {
      if (this.#isClosed) {
        reject(new QmpError(`${command}: QEMU is gone`));
        return;
      }
      this.#pending.push({ resolve, reject });
      this.#stream.write(
        `${JSON.stringify({ execute: command, ...(parameters && { arguments: parameters }) })}\n`,
      );
    });
  }

  /** A command of the monitor for people; returns what it prints. @throws QmpError */
  async runHuman(commandLine: string): Promise<string> {
    return String(await this.run('human-monitor-command', { 'command-line': commandLine }));
  }

  #read(chunk: string): void {
    this.#text += chunk;
    const lines = this.#text.split('\n');
    this.#text = lines.pop() ?? '';
    for (const line of lines) if (line.trim() !== '') this.#take(JSON.parse(line) as Record<string, unknown>);
  }

  #take(message: Record<string, unknown>): void {
    if ('QMP' in message) this.#greeted.resolve();
    else if ('event' in message) this.#onEvent(message as unknown as QmpEvent);
    else if ('error' in message) {
      this.#pending.shift()?.reject(new QmpError((message.error as { desc: string }).desc));
    } else this.#pending.shift()?.resolve(message.return);
  }

  #close(): void {
    this.#isClosed = true;
    this.#greeted.reject(new QmpError('QEMU went away before its greeting'));
    for (const { reject } of this.#pending.splice(0)) reject(new QmpError('QEMU is gone'));
  }
}
