import { ApiError, ApiUnreachableError } from '../../api/client/index.ts';
import type { Stored } from '../../crds/meta/meta.ts';
import type { LifecycleEvent } from '../../crds/meta/status-commit.ts';
import { type UserVm, type UserVmStatus, userVmDefinition } from '../../crds/uservm/definition.ts';
import type { UserVmDeps } from './deps.ts';
import { isSameOwnStatus, withOwnStatus } from './own-status.ts';

/** What is true of one VM and still to be written. */
interface Owed {
  readonly status: UserVmStatus;
  /** In the order in which they happened. */
  readonly events: readonly LifecycleEvent[];
  /** Writes that got no answer: one of them may have been done. */
  readonly attempts: readonly Attempt[];
}

interface Attempt {
  readonly resourceVersion: string | undefined;
  readonly status: UserVmStatus;
  /** How many of the owed events, from the first, it carried. */
  readonly eventCount: number;
}

export interface DeferrableCommit {
  /** As the API server has it, as far as is known here. */
  readonly stored: Stored<UserVm>;
  readonly status: UserVmStatus;
  readonly events: readonly LifecycleEvent[];
  /** Whether the work may go on when the API server cannot take it; else its error is thrown. */
  readonly mayDefer: boolean;
  readonly signal: AbortSignal;
}

/** How long a VM's healing waits for an API server that neither answers nor refuses. */
const PATIENCE_MS = 2_000;
/** What the API takes in one commit. */
const EVENTS_MAX_PER_COMMIT = 32;
/** Hours of a VM that ends again and again; beyond it the oldest go. */
const EVENTS_MAX = 1_024;
const ATTEMPTS_MAX = 32;

/**
 * Commits that the API server could not take while a VM was healed without it. The latest status and all events in
 * their order are kept in memory, and written together once the API server takes them again.
 */
export class DeferredCommits {
  readonly #committer: UserVmDeps['committer'];
  readonly #owed = new Map<string, Owed>();

  constructor(committer: UserVmDeps['committer']) {
    this.#committer = committer;
  }

  isOwed(uid: string): boolean {
    return this.#owed.has(uid);
  }

  forget(uid: string): void {
    this.#owed.delete(uid);
  }

  /** The object with the status that is still to be written: what this node decides on. */
  viewOf(stored: Stored<UserVm>): Stored<UserVm> {
    const owed = this.#settle(stored);
    return owed === undefined ? stored : withOwnStatus(stored, owed.status);
  }

  /**
   * Writes the status and all events that are owed. Undefined: the API server could not take them, and they wait.
   * @throws ApiError when it is not to be deferred; what was owed before is still owed then
   */
  async commit(commit: DeferrableCommit): Promise<Stored<UserVm> | undefined> {
    const { stored, status, mayDefer } = commit;
    const { uid } = stored.metadata;
    const before = this.#settle(stored);
    let events: readonly LifecycleEvent[] = [...(before?.events ?? []), ...commit.events];
    let object = stored;
    const patience = mayDefer ? AbortSignal.timeout(PATIENCE_MS) : undefined;
    const signal = patience === undefined ? commit.signal : AbortSignal.any([commit.signal, patience]);
    try {
      do {
        const batch = events.slice(0, EVENTS_MAX_PER_COMMIT);
        object = await this.#committer.commit(userVmDefinition, object, status, batch, signal);
        events = events.slice(batch.length);
      } while (events.length > 0);
    } catch (error) {
      const isOutage = !commit.signal.aborted && (patience?.aborted === true || isUnavailable(error));
      if (mayDefer && isOutage) {
        this.#owe(uid, { status, events, attempts: [...(before?.attempts ?? []), ...attemptOf()] });
        return undefined;
      }
      if (object !== stored) this.#owe(uid, { status, events, attempts: [] });
      throw error;
    }
    this.#owed.delete(uid);
    return object;

    // A write that changes nothing cannot be told from one that was not done: its events may come twice.
    function attemptOf(): Attempt[] {
      if (isSameOwnStatus(object.status, status)) return [];
      const { resourceVersion } = object.metadata;
      return [{ resourceVersion, status, eventCount: Math.min(events.length, EVENTS_MAX_PER_COMMIT) }];
    }
  }

  #owe(uid: string, owed: Owed): void {
    const kept = withoutFirst(owed, owed.events.length - EVENTS_MAX);
    this.#owed.set(uid, { ...kept, attempts: kept.attempts.slice(-ATTEMPTS_MAX) });
  }

  /** What is still owed, now that the object is seen as it is: a write without an answer may have been done. */
  #settle(stored: Stored<UserVm>): Owed | undefined {
    const { uid, resourceVersion } = stored.metadata;
    const owed = this.#owed.get(uid);
    const done = owed?.attempts.findLast(
      (attempt) =>
        attempt.resourceVersion !== resourceVersion && isSameOwnStatus(attempt.status, stored.status),
    );
    if (owed === undefined || done === undefined) return owed;
    const rest = { ...withoutFirst(owed, done.eventCount), attempts: [] };
    if (rest.events.length === 0 && isSameOwnStatus(rest.status, stored.status)) {
      this.#owed.delete(uid);
      return undefined;
    }
    this.#owed.set(uid, rest);
    return rest;
  }
}

function withoutFirst(owed: Owed, count: number): Owed {
  if (count <= 0) return owed;
  const attempts = owed.attempts.map((attempt) => ({
    ...attempt,
    eventCount: Math.max(0, attempt.eventCount - count),
  }));
  return { ...owed, events: owed.events.slice(count), attempts };
}

/** No answer, or one that says that the store is not there now; not a refusal of this very write. */
function isUnavailable(error: unknown): boolean {
  return error instanceof ApiUnreachableError || (error instanceof ApiError && error.code >= 500);
}
