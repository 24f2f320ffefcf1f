import { type MainHost, type MainProcess, mainReady, startMain } from '../main-host.ts';

export type Fault = 'cut' | 'stall' | 'killServer' | 'killEtcd';

/** Cuts are cheap and come often; the rest takes the server away for a while. */
const ROUND: readonly Fault[] = ['cut', 'stall', 'cut', 'killServer', 'cut', 'stall', 'killEtcd', 'cut'];
const STALL_MS = 700;

const pause = (ms: number) => new Promise((resolve) => setTimeout(resolve, ms));

/** The API server as a process of its own, and what can go wrong around it. */
export class FaultyServer {
  readonly #host: MainHost;
  #server: MainProcess | undefined;
  readonly counts: Record<Fault, number> = { cut: 0, stall: 0, killServer: 0, killEtcd: 0 };

  constructor(host: MainHost) {
    this.#host = host;
  }

  async start(): Promise<void> {
    this.#server = startMain('--config', this.#host.config);
    await mainReady(this.#host.port);
  }

  /** SIGKILLs the server. */
  async kill(): Promise<void> {
    this.#server?.child.kill('SIGKILL');
    await this.#server?.exit;
    this.#server = undefined;
  }

  async inject(fault: Fault): Promise<void> {
    const { proxy, etcd } = this.#host;
    this.counts[fault] += 1;
    switch (fault) {
      case 'cut':
        proxy.cut();
        return;
      case 'stall':
        proxy.stall();
        await pause(STALL_MS);
        proxy.heal();
        return;
      case 'killServer':
        await this.kill();
        await this.start();
        return;
      case 'killEtcd':
        await etcd.kill();
        await etcd.start();
        return;
    }
  }

  /**
   * One fault after every `every` operations, in turn.
   * @returns to be told of the operations done; and to be awaited for the last fault to be over
   */
  schedule(every: number): { onProgress: (done: number) => void; settled: () => Promise<void> } {
    let running: Promise<void> = Promise.resolve();
    let next = 0;
    return {
      onProgress: (done) => {
        if (done % every !== 0) return;
        const fault = ROUND[next++ % ROUND.length] ?? 'cut';
        running = running.then(() => this.inject(fault));
      },
      settled: () => running,
    };
  }
}
