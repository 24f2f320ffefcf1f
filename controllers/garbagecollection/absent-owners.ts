import { type Claim, claimKey } from './graph-node.ts';

/**
 * Owners that are known to be gone, so that the dependents of one cost one question. A UID never comes back, so that
 * nothing in it becomes untrue. The oldest are forgotten first.
 * Source: ReferenceCache in k8s.io/kubernetes/pkg/controller/garbagecollector/uid_cache.go
 */
export class AbsentOwners {
  readonly #keys = new Set<string>();
  readonly #entriesMax: number;

  constructor(entriesMax = 5_000) {
    this.#entriesMax = entriesMax;
  }

  add(claim: Claim): void {
    const key = claimKey(claim);
    this.#keys.delete(key);
    this.#keys.add(key);
    if (this.#keys.size <= this.#entriesMax) return;
    const [oldest] = this.#keys;
    if (oldest !== undefined) this.#keys.delete(oldest);
  }

  has(claim: Claim): boolean {
    return this.#keys.has(claimKey(claim));
  }
}
