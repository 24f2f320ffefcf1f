/** A container at its limit in so many observations in a row is stopped: it cannot fork, so it does not work either. */
const observationsAtLimit = 3;

/** Tells containers that stay at their pids limit from those that touch it. */
export class PidsWatch {
  readonly #counts = new Map<string, { readonly atMs: number; readonly count: number }>();

  /**
   * @param instance names one run of the container
   * @param observation when it was taken: one observation counts once
   * @returns whether the container is to be stopped
   */
  isStuckAtLimit(
    instance: string,
    observation: { readonly atMs: number; readonly pids: number | undefined; readonly limit: number },
  ): boolean {
    const { atMs, pids, limit } = observation;
    const known = this.#counts.get(instance);
    if (pids === undefined || known?.atMs === atMs) return (known?.count ?? 0) >= observationsAtLimit;
    if (pids < limit) {
      this.#counts.delete(instance);
      return false;
    }
    const count = (known?.count ?? 0) + 1;
    this.#counts.set(instance, { atMs, count });
    return count >= observationsAtLimit;
  }

  forget(instance: string): void {
    this.#counts.delete(instance);
  }
}
