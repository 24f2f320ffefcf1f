/** All that happened at one revision. */
export interface RevisionGroup<T> {
  readonly revision: number;
  readonly items: readonly T[];
}

/**
 * Puts a watch's changes together by revision. Objects of one transaction share a resourceVersion, and a watch
 * that resumes behind a revision never tells the rest of it: a revision is whole only when the watch has told of
 * a later one, or of this one by a bookmark.
 */
export class RevisionAssembler<T> {
  #open: { readonly revision: number; readonly items: T[] } | undefined;
  #completeThrough: number;

  /** @param from every revision up to it is complete */
  constructor(from: number) {
    this.#completeThrough = from;
  }

  /** A watch may resume from here: nothing at or below it is still to come. */
  get completeThrough(): number {
    return this.#completeThrough;
  }

  /** Whether something was told of a revision that may have more. */
  get isOpen(): boolean {
    return this.#open !== undefined;
  }

  /**
   * A change that is to be kept. Returns the revision before, where this one completes it.
   * @throws Error when the watch goes back
   */
  add(revision: number, item: T): RevisionGroup<T> | undefined {
    const complete = this.pass(revision);
    if (this.#open === undefined) this.#open = { revision, items: [item] };
    else this.#open.items.push(item);
    return complete;
  }

  /** A change that is of no interest: what came before it is complete, its own revision may have more. */
  pass(revision: number): RevisionGroup<T> | undefined {
    const toldRevision = this.#open?.revision ?? this.#completeThrough + 1;
    if (revision < toldRevision)
      throw new Error(`the watch went back from revision ${toldRevision} to ${revision}`);
    return this.mark(revision - 1);
  }

  /** A bookmark: every change up to this revision was told. */
  mark(revision: number): RevisionGroup<T> | undefined {
    this.#completeThrough = Math.max(this.#completeThrough, revision);
    const open = this.#open;
    if (open === undefined || open.revision > this.#completeThrough) return undefined;
    this.#open = undefined;
    return open;
  }
}
