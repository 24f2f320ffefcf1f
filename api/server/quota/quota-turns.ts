import type { StoredObject } from '../../storage/stored-object.ts';
import { StatusError } from '../http/status-error.ts';

/** A quota as it was last seen. */
export interface SeenQuota {
  readonly modRevision: number;
  /** Undefined: it is gone, and so is every earlier state of it. */
  readonly stored: StoredObject | undefined;
}

/** The right to write the quotas of a namespace, until it is given back. */
export interface QuotaTurn {
  /** What those before have seen, which memory may not have yet; by key. */
  readonly seen: Map<string, SeenQuota>;
  release(): void;
}

export interface QuotaTurnOptions {
  /** Writes of one namespace that wait at once. Default: 2,000. */
  readonly waitingMax?: number;
  /** Default: 10 s, upstream's time-out. Source: Evaluate in apiserver/pkg/admission/plugin/resourcequota/controller.go */
  readonly waitMs?: number;
  /** Told how long each turn was waited for. */
  readonly onWaited?: (waitedMs: number) => void;
}

const SECONDS_TO_RETRY = 1;

interface Line {
  readonly seen: Map<string, SeenQuota>;
  readonly waiting: Array<() => void>;
}

function tooMany(namespace: string): StatusError {
  return new StatusError({
    code: 429,
    reason: 'TooManyRequests',
    message: `too many writes at once are charged to the quotas of namespace ${namespace}: try again`,
    details: { retryAfterSeconds: SECONDS_TO_RETRY },
  });
}

/**
 * Lets the writes that a namespace's quotas are charged for take turns, first come first served. All of them change
 * the same keys in etcd: at once they would only overtake each other, and the unlucky would never get through.
 */
export class QuotaTurns {
  readonly #waitingMax: number;
  readonly #waitMs: number;
  readonly #onWaited: (waitedMs: number) => void;
  readonly #lines = new Map<string, Line>();

  constructor({ waitingMax = 2_000, waitMs = 10_000, onWaited = () => {} }: QuotaTurnOptions = {}) {
    this.#waitingMax = waitingMax;
    this.#waitMs = waitMs;
    this.#onWaited = onWaited;
  }

  /** @throws StatusError 429 where too many wait already, or the turn did not come in time */
  async take(namespace: string): Promise<QuotaTurn> {
    const startMs = performance.now();
    let line = this.#lines.get(namespace);
    if (line === undefined) {
      line = { seen: new Map(), waiting: [] };
      this.#lines.set(namespace, line);
    } else await this.#wait(namespace, line);
    this.#onWaited(performance.now() - startMs);
    return this.#turn(namespace, line);
  }

  #turn(namespace: string, line: Line): QuotaTurn {
    return {
      seen: line.seen,
      release: () => {
        const next = line.waiting.shift();
        if (next === undefined) this.#lines.delete(namespace);
        else next();
      },
    };
  }

  #wait(namespace: string, { waiting }: Line): Promise<void> {
    if (waiting.length >= this.#waitingMax) throw tooMany(namespace);
    return new Promise((resolve, reject) => {
      const go = () => {
        clearTimeout(timer);
        resolve();
      };
      const timer = setTimeout(() => {
        waiting.splice(waiting.indexOf(go), 1);
        reject(tooMany(namespace));
      }, this.#waitMs);
      waiting.push(go);
    });
  }
}
