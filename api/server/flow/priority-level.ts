import { createHash } from 'node:crypto';

export interface PriorityLevelLimits {
  /** Requests that are answered at once. */
  readonly seats: number;
  readonly queues: number;
  /** Requests that wait in one queue. */
  readonly queueLength: number;
  /** Queues that a flow may use: it waits in the shortest of them, so that few flows share all of them. */
  readonly handSize: number;
  /** How long a request may wait. */
  readonly waitMs: number;
}

/** Why a request was turned away. */
export type Rejection = 'queue-full' | 'time-out';

/** Gives a seat back; more than once does no harm. */
export type Release = () => void;

interface Waiter {
  readonly start: () => void;
}

/**
 * Seats, and fair queues for those who wait for one: each flow is dealt a few of the queues by its name, and the
 * queues take turns, so that one flow with many requests holds the others up little.
 * Source of the idea: Kubernetes API Priority and Fairness (KEP-1040)
 */
export class PriorityLevel {
  readonly #limits: PriorityLevelLimits;
  readonly #queues: Set<Waiter>[];
  #nextQueue = 0;
  #executing = 0;
  #waiting = 0;

  constructor(limits: PriorityLevelLimits) {
    this.#limits = limits;
    this.#queues = Array.from({ length: limits.queues }, () => new Set());
  }

  get executing(): number {
    return this.#executing;
  }

  get waiting(): number {
    return this.#waiting;
  }

  /** Resolves to a seat, or to why there is none. `signal`: the client is gone. */
  acquire(flow: string, signal: AbortSignal): Promise<Release | Rejection> {
    if (this.#executing < this.#limits.seats && this.#waiting === 0) return Promise.resolve(this.#seat());
    const queue = this.#shortestOf(flow);
    if (queue === undefined || queue.size >= this.#limits.queueLength) return Promise.resolve('queue-full');
    return this.#wait(queue, signal);
  }

  #wait(queue: Set<Waiter>, signal: AbortSignal): Promise<Release | Rejection> {
    return new Promise((resolve) => {
      const leave = () => {
        clearTimeout(timer);
        signal.removeEventListener('abort', giveUp);
        queue.delete(waiter);
        this.#waiting -= 1;
      };
      const giveUp = () => {
        leave();
        resolve('time-out');
      };
      const waiter: Waiter = {
        start: () => {
          leave();
          resolve(this.#seat());
        },
      };
      const timer = setTimeout(giveUp, this.#limits.waitMs);
      signal.addEventListener('abort', giveUp, { once: true });
      queue.add(waiter);
      this.#waiting += 1;
    });
  }

  #seat(): Release {
    this.#executing += 1;
    let held = true;
    return () => {
      if (!held) return;
      held = false;
      this.#executing -= 1;
      this.#startNext();
    };
  }

  /** The queue whose turn it is. */
  #startNext(): void {
    const { queues, seats } = this.#limits;
    for (let i = 0; i < queues && this.#executing < seats; i += 1) {
      const [waiter] = this.#queues[this.#nextQueue] ?? [];
      this.#nextQueue = (this.#nextQueue + 1) % queues;
      waiter?.start();
    }
  }

  #shortestOf(flow: string): Set<Waiter> | undefined {
    const digest = createHash('sha256').update(flow).digest();
    let shortest: Set<Waiter> | undefined;
    for (let card = 0; card < this.#limits.handSize; card += 1) {
      const queue = this.#queues[digest.readUInt16BE(card * 2) % this.#limits.queues];
      if (queue !== undefined && (shortest === undefined || queue.size < shortest.size)) shortest = queue;
    }
    return shortest;
  }
}
