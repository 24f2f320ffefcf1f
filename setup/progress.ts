import type { Clock } from '../lib/clock.ts';

/** Lines that tell a person how a long operation goes, with the time each step took. */
export class Progress {
  readonly #clock: Clock;
  readonly #write: (text: string) => void;
  readonly #startedAtMs: number;

  constructor(clock: Clock, write: (text: string) => void) {
    this.#clock = clock;
    this.#write = write;
    this.#startedAtMs = clock.monotonicMs();
  }

  /** Seconds since the operation began. */
  get elapsedSeconds(): number {
    return (this.#clock.monotonicMs() - this.#startedAtMs) / 1000;
  }

  say(line: string): void {
    this.#write(`${line}\n`);
  }

  /** A line with the time since the beginning in front. */
  note(line: string): void {
    this.#write(`[${this.elapsedSeconds.toFixed(1).padStart(6)} s] ${line}\n`);
  }

  /** Runs a step; its line appears when it is done, or names the failure. */
  async step<T>(title: string, work: () => Promise<T>): Promise<T> {
    const begin = this.#clock.monotonicMs();
    try {
      const result = await work();
      this.note(`${title} (${((this.#clock.monotonicMs() - begin) / 1000).toFixed(1)} s)`);
      return result;
    } catch (error) {
      this.note(`${title}: failed`);
      throw error;
    }
  }
}
