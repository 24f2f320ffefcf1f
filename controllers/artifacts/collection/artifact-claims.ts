import type { Clock } from '../../../lib/clock.ts';

/** From the look at an artifact to the record of what is booted from it: many times what that takes. */
const CLAIM_MS = 600_000;

/**
 * Keeps a VM that starts and the collection of its artifact apart. Whoever is to boot from an artifact claims it
 * before looking at its files; the claim holds until long after the VM is recorded. Nothing of it has to last:
 * what a process that ended had claimed is recorded by now, or was never booted.
 */
export class ArtifactClaims {
  readonly #clock: Pick<Clock, 'monotonicMs'>;
  readonly #claimedAtMs = new Map<string, number>();
  readonly #collections = new Map<string, Promise<unknown>>();

  constructor(clock: Pick<Clock, 'monotonicMs'>) {
    this.#clock = clock;
  }

  /** Claims the artifact; where it is being collected, once that is over, and the files may be gone. */
  async claim(digest: string): Promise<void> {
    for (;;) {
      const collection = this.#collections.get(digest);
      if (collection === undefined) break;
      await collection.catch(() => {});
    }
    this.#claimedAtMs.set(digest, this.#clock.monotonicMs());
  }

  /** The digests that are claimed now. */
  claimed(): ReadonlySet<string> {
    const sinceMs = this.#clock.monotonicMs() - CLAIM_MS;
    for (const [digest, atMs] of this.#claimedAtMs) {
      if (atMs < sinceMs) this.#claimedAtMs.delete(digest);
    }
    return new Set(this.#claimedAtMs.keys());
  }

  /**
   * Does `work` while nobody can claim the artifact.
   * @returns undefined, with nothing done, where it is claimed
   * @throws what `work` throws
   */
  async collect<T>(digest: string, work: () => Promise<T>): Promise<T | undefined> {
    if (this.claimed().has(digest)) return undefined;
    const collection = work();
    this.#collections.set(digest, collection);
    try {
      return await collection;
    } finally {
      this.#collections.delete(digest);
    }
  }
}
