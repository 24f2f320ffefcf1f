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

/**
 * After so many turns the line rests for as long as two turns take. Another server that lost the race for each of them
 * is ready with the newest state by then, and gets its own through: else the one that is nearer to etcd would always
 * be first.
 */
const TURNS_WITHOUT_REST = 8;
const REST_MS_MAX = 50;

/** Times that a charged write may be overtaken by other servers: many more than their turns without a rest. */
export const QUOTA_ATTEMPTS_MAX = 100;

interface Line {
  readonly seen: Map<string, SeenQuota>;
  readonly waiting: Array<() => void>;
  turnCount: number;
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
      line = { seen: new Map(), waiting: [], turnCount: 0 };
      this.#lines.set(namespace, line);
    } else await this.#wait(namespace, line);
    this.#onWaited(performance.now() - startMs);
    return this.#turn(namespace, line);
  }

  #turn(namespace: string, line: Line): QuotaTurn {
    const startMs = performance.now();
    line.turnCount += 1;
    const next = () => {
      const go = line.waiting.shift();
      if (go === undefined) this.#lines.delete(namespace);
      else go();
    };
    return {
      seen: line.seen,
      release: () => {
        const isRest = line.turnCount % TURNS_WITHOUT_REST === 0 && line.waiting.length > 0;
        if (isRest) setTimeout(next, Math.min(REST_MS_MAX, 2 * (performance.now() - startMs)));
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
