import { createHash } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import type { Clock } from '../lib/clock.ts';

/** Files that are of use only together, such as a certificate and its key. */
export interface FileSet {
  readonly name: string;
  readonly paths: readonly string[];
  /** Takes the contents, in the order of the paths. A rejection says why they are no good: nothing has changed then. */
  readonly use: (contents: readonly Buffer[]) => void | Promise<void>;
}

export interface WatchFilesOptions {
  readonly sets: readonly FileSet[];
  readonly clock: Clock;
  /** A set is in use, or, with the error, is not; a failure is told once for the same contents and words. */
  readonly onResult: (set: FileSet, error?: Error) => void;
  /** How often the files are looked at; default 1,000. */
  readonly periodMs?: number;
}

const PERIOD_MS = 1_000;

function digestOf(contents: readonly Buffer[]): string {
  const hash = createHash('sha256');
  for (const content of contents) hash.update(`${content.length} `).update(content);
  return hash.digest('hex');
}

function readAll({ paths }: FileSet): Promise<readonly Buffer[]> {
  return Promise.all(paths.map((path) => readFile(path)));
}

function asError(error: unknown): Error {
  return error instanceof Error ? error : new Error(String(error));
}

/** One set: what is in use, what was seen, and what failed. */
class WatchedSet {
  readonly #set: FileSet;
  readonly #onResult: WatchFilesOptions['onResult'];
  #used: string;
  #seen: string;
  #failure: string | undefined;

  constructor(set: FileSet, used: string, onResult: WatchFilesOptions['onResult']) {
    this.#set = set;
    this.#used = used;
    this.#seen = used;
    this.#onResult = onResult;
  }

  /** Uses what changed and held still since the last look: several files are not written at once. */
  async look(): Promise<void> {
    let digest = 'unreadable';
    try {
      const contents = await readAll(this.#set);
      digest = digestOf(contents);
      if (!this.#holdsStill(digest)) return;
      if (digest === this.#used) {
        this.#failure = undefined;
        return;
      }
      await this.#set.use(contents);
      this.#used = digest;
      this.#failure = undefined;
      this.#onResult(this.#set);
    } catch (error) {
      if (digest === 'unreadable' && !this.#holdsStill(digest)) return;
      this.#fail(digest, asError(error));
    }
  }

  #holdsStill(digest: string): boolean {
    const isStill = digest === this.#seen;
    this.#seen = digest;
    return isStill;
  }

  #fail(digest: string, error: Error): void {
    const failure = `${digest} ${error.message}`;
    if (failure === this.#failure) return;
    this.#failure = failure;
    this.#onResult(this.#set, error);
  }
}

/**
 * Looks after sets of files until the signal. Contents are compared, not events: files that are replaced, linked or
 * on a network file system are seen alike. A set that is no good is tried again at each look, since what it was
 * refused for may change without it.
 * @param initial the contents that are in use already, by the set's name
 */
export async function watchFiles(
  { sets, clock, onResult, periodMs = PERIOD_MS }: WatchFilesOptions,
  initial: ReadonlyMap<string, readonly Buffer[]>,
  signal: AbortSignal,
): Promise<void> {
  const watched = sets.map((set) => new WatchedSet(set, digestOf(initial.get(set.name) ?? []), onResult));
  for (;;) {
    try {
      await clock.sleep(periodMs, signal);
    } catch {
      return;
    }
    for (const each of watched) await each.look();
  }
}
