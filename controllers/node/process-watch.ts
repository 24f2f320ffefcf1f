import type { Clock } from '../../lib/clock.ts';
import { isAlive, type ProcessIdentity } from '../../lib/process-identity.ts';

export interface ProcessWatchOptions {
  readonly periodMs: number;
  readonly clock: Clock;
  readonly onEnd: (uid: string) => void;
  readonly isAlive?: (process: ProcessIdentity) => boolean;
}

/**
 * Tells when a VMM ends. VMMs outlive this process, so after a restart they are not its children and no
 * signal comes: /proc is read instead, one small file a VMM a period.
 */
export class ProcessWatch {
  readonly #options: ProcessWatchOptions;
  readonly #watched = new Map<string, ProcessIdentity>();

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
    for (const [uid, process] of this.#watched) {
      if (alive(process)) continue;
      this.#watched.delete(uid);
      this.#options.onEnd(uid);
    }
  }
}
