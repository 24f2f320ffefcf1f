interface Observation {
  version: string;
  sinceMs: number;
  confirmedSinceMs: number | undefined;
}

export interface Heartbeat {
  /** Since the Lease was last seen to change. */
  readonly leaseAgeMs: number;
  /** For how long the API server has confirmed that it is overdue, without an outage. */
  readonly confirmedForMs: number | undefined;
}

/** Remembers, by Node UID, since when a heartbeat is as it is. All times are monotonic milliseconds. */
export class HeartbeatLog {
  readonly #observations = new Map<string, Observation>();

  /** @param version the Lease's resourceVersion; empty for none */
  observe(uid: string, version: string, nowMs: number): Heartbeat {
    let known = this.#observations.get(uid);
    if (known?.version !== version) {
      known = { version, sinceMs: nowMs, confirmedSinceMs: undefined };
      this.#observations.set(uid, known);
    }
    const { sinceMs, confirmedSinceMs } = known;
    return {
      leaseAgeMs: nowMs - sinceMs,
      confirmedForMs: confirmedSinceMs === undefined ? undefined : nowMs - confirmedSinceMs,
    };
  }

  /** The API server said that this is still the version. */
  confirm(uid: string, nowMs: number): void {
    const known = this.#observations.get(uid);
    if (known !== undefined) known.confirmedSinceMs ??= nowMs;
  }

  /** The API server did not answer: nobody can have renewed, so the confirmation starts anew. */
  unconfirm(uid: string): void {
    const known = this.#observations.get(uid);
    if (known !== undefined) known.confirmedSinceMs = undefined;
  }

  /** Forgets nodes that are gone. */
  prune(isThere: (uid: string) => boolean): void {
    for (const uid of this.#observations.keys()) if (!isThere(uid)) this.#observations.delete(uid);
  }
}
