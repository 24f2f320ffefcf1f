/**
 * Readers that are woken one after the other, `sliceMax` of them in one go: then everything else has its turn, since
 * a thousand writes to a thousand sockets are many milliseconds. A reader that is due already is woken once, for
 * whatever came meanwhile.
 */
export class WakeQueue {
  readonly #sliceMax: number;
  readonly #due = new Set<() => void>();
  #isRunning = false;

  constructor(sliceMax: number) {
    this.#sliceMax = sliceMax;
  }

  /** Wakes them, the first at once. */
  wake(readers: Iterable<() => void>): void {
    for (const reader of readers) this.#due.add(reader);
    if (!this.#isRunning) this.#run();
  }

  /** It is not woken any more. */
  forget(reader: () => void): void {
    this.#due.delete(reader);
  }

  #run(): void {
    this.#isRunning = true;
    let count = 0;
    for (const reader of this.#due) {
      if (count === this.#sliceMax) break;
      count += 1;
      this.#due.delete(reader);
      reader();
    }
    if (this.#due.size > 0) setImmediate(() => this.#run());
    else this.#isRunning = false;
  }
}
