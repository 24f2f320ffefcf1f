import type { Lease } from '../../crds/lease/definition.ts';

/** Remembers when each version of a Lease was first seen, on this machine's monotonic clock. */
export class LeaseObserver {
  #version: string | undefined;
  #seenMs = 0;

  /** How long this version has been known, in milliseconds. */
  ageMs(resourceVersion: string, nowMs: number): number {
    if (resourceVersion !== this.#version) {
      this.#version = resourceVersion;
      this.#seenMs = nowMs;
    }
    return nowMs - this.#seenMs;
  }
}

export interface LeaseWriteInput {
  readonly identity: string;
  /** Absent: there is no Lease yet. */
  readonly current: Lease['spec'] | undefined;
  /** How long we have known the current version without a change. */
  readonly currentAgeMs: number;
  readonly leaseDurationMs: number;
  /** MicroTime. */
  readonly now: string;
}

/**
 * The Lease spec to write in order to take or keep it; undefined when another holds it. A new holder raises
 * `leaseTransitions`, the fencing token; a renewal does not.
 */
export function planLeaseWrite(input: LeaseWriteInput): Lease['spec'] | undefined {
  const { current, identity, now } = input;
  const holder = current?.holderIdentity ?? '';
  const leaseDurationSeconds = Math.ceil(input.leaseDurationMs / 1000);
  if (holder === identity) return { ...current, leaseDurationSeconds, renewTime: now };
  // The holder's own promise counts: it may have been configured with another duration than ours.
  const promisedMs = (current?.leaseDurationSeconds ?? leaseDurationSeconds) * 1000;
  if (holder !== '' && input.currentAgeMs < promisedMs) return undefined;
  return {
    ...current,
    holderIdentity: identity,
    leaseDurationSeconds,
    acquireTime: now,
    renewTime: now,
    leaseTransitions: current === undefined ? 0 : (current.leaseTransitions ?? 0) + 1,
  };
}
