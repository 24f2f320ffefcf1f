import type { Clock } from '../../lib/clock.ts';
import { isAlive, isPidInUse, type ProcessIdentity } from '../../lib/process-identity.ts';

export interface ProcessWatchOptions {
  readonly periodMs: number;
  readonly clock: Clock;
  readonly onEnd: (uid: string) => void;
  readonly isAlive?: (process: ProcessIdentity) => boolean;
  readonly isPidInUse?: (pid: number) => boolean;
}

/** Whether a pid that is in use still is that very process is read from /proc only so often, in looks. */
const THOROUGH_EVERY = 20;

/**
 * Tells when a VMM ends. VMMs outlive this process, so after a restart they are not its children and no
 * signal comes. A look is one system call a VMM, which tells whether the pid is in use; a pid that went to another
 * process meanwhile, or a zombie that nobody reaps, is found at every 20th look.
 */
export class ProcessWatch {
  readonly #options: ProcessWatchOptions;
  readonly #watched = new Map<string, ProcessIdentity>();
  #lookCount = 0;

  constructor(options: ProcessWatchOptions) {
    this.#options = options;
  }

  /** Watches this process for the VM `uid` from now on; undefined: none any more. */
  set(uid: string, process: ProcessIdentity | undefined): void {
    if (process === undefined) this.#watched.delete(uid);
    else this.#watched.set(uid, process);
  }

  /** Looks until the signal. */
  async run(signal: AbortSignal): Promise<void> {
    const { clock, periodMs } = this.#options;
    while (!signal.aborted) {
      this.look();
      await clock.sleep(periodMs, signal).catch(() => {});
    }
  }

  /** One look at all: each process that is gone is told once. */
  look(): void {
    const alive = this.#options.isAlive ?? isAlive;
    const inUse = this.#options.isPidInUse ?? isPidInUse;
    const isThorough = this.#lookCount++ % THOROUGH_EVERY === 0;
    for (const [uid, process] of this.#watched) {
      if (inUse(process.pid) && !(isThorough && !alive(process))) continue;
      this.#watched.delete(uid);
      this.#options.onEnd(uid);
    }
  }
}
