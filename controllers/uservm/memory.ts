import { USER_VM_REASONS } from '../../crds/uservm/conditions.ts';
import type { LifecycleStep } from '../../crds/uservm/definition.ts';
import type { Clock } from '../../lib/clock.ts';
import { backoffMs, type UserVmLimits } from './limits.ts';
import type { VmMemorySight } from './observation.ts';

/** Failures that lie in the VM. What the host lacks (an image, room, a network) may come back by itself. */
const STARTS_FAIL_FOR: ReadonlySet<string> = new Set([
  USER_VM_REASONS.VmCreateFailed,
  USER_VM_REASONS.BootTimeout,
  USER_VM_REASONS.VmmExited,
]);

/** What this process keeps in mind of one VM. Lost at a restart without harm: only patience begins anew. */
export class VmMemory {
  readonly #clock: Clock;
  readonly #limits: UserVmLimits;
  #failureCount = 0;
  #retryAtMs = 0;
  #lastFailure: { reason: string; message: string } | undefined;
  #silentCheckCount = 0;
  #servedGeneration: number | undefined;
  #readySinceMs: number | undefined;
  #artifact: string | undefined;
  #lastMarkMs: number;
  #lifecycle: LifecycleStep[] | undefined;
  #isSettled = false;
  /** Failed starts since the VM was last ready or its spec was changed. */
  #failedStartCount = 0;
  #firstFailedStartMs = 0;
  #generation: number | undefined;

  constructor(clock: Clock, limits: UserVmLimits) {
    this.#clock = clock;
    this.#limits = limits;
    this.#lastMarkMs = clock.monotonicMs();
  }

  sight(): VmMemorySight {
    return {
      retryInMs: Math.max(0, this.#retryAtMs - this.#clock.monotonicMs()),
      lastFailure: this.#lastFailure,
      isStalled:
        this.#failedStartCount >= this.#limits.failedStartsMax &&
        this.#clock.monotonicMs() - this.#firstFailedStartMs >= this.#limits.stallAfterMs,
      silentCheckCount: this.#silentCheckCount,
    };
  }

  /** Another generation is tried at once, and has as many tries as any. */
  noteGeneration(generation: number | undefined): void {
    if (generation === this.#generation) return;
    if (this.#failedStartCount > 0) this.#retryAtMs = 0;
    this.#failedStartCount = 0;
    this.#generation = generation;
  }

  get failureCount(): number {
    return this.#failureCount;
  }

  /** A start failed or a VM ended by itself: the next start waits. Returns the milliseconds. */
  noteFailure({ reason, message }: { reason: string; message: string }): number {
    this.#failureCount += 1;
    if (this.#readySinceMs === undefined && STARTS_FAIL_FOR.has(reason)) {
      if (this.#failedStartCount === 0) this.#firstFailedStartMs = this.#clock.monotonicMs();
      this.#failedStartCount += 1;
    }
    this.#lastFailure = { reason, message };
    const delayMs = backoffMs(this.#limits, this.#failureCount);
    this.#retryAtMs = this.#clock.monotonicMs() + delayMs;
    this.#readySinceMs = undefined;
    this.#silentCheckCount = 0;
    return delayMs;
  }

  /** Failures with another artifact say nothing about this one: it is tried at once. */
  noteArtifact(digest: string): void {
    if (this.#artifact !== undefined && this.#artifact !== digest) {
      this.#failureCount = 0;
      this.#failedStartCount = 0;
      this.#retryAtMs = 0;
      this.#lastFailure = undefined;
    }
    this.#artifact = digest;
  }

  noteSilent(): void {
    this.#silentCheckCount += 1;
  }

  /** The VM answers. Ready for long enough, its earlier failures are forgotten. */
  noteRunning(): void {
    this.#silentCheckCount = 0;
    this.#failedStartCount = 0;
    const nowMs = this.#clock.monotonicMs();
    this.#readySinceMs ??= nowMs;
    if (nowMs - this.#readySinceMs < this.#limits.stableAfterMs) return;
    this.#failureCount = 0;
    this.#lastFailure = undefined;
  }

  /** The VM was seen to serve as this generation of its object wants it. */
  noteServed(generation: number | undefined): void {
    this.#servedGeneration = generation;
  }

  /** Whether this process itself saw the VM serve so: then it may bring it back without asking the API server. */
  hasServed(generation: number | undefined): boolean {
    return generation !== undefined && this.#servedGeneration === generation;
  }

  /** No start is under way any more: the next one's steps are counted from now. */
  noteEnded(): void {
    this.#readySinceMs = undefined;
    this.#silentCheckCount = 0;
    this.#lifecycle = [];
    this.#lastMarkMs = this.#clock.monotonicMs();
  }

  /** The VM is stopped or asleep as it should be. */
  noteSettled(): void {
    this.#isSettled = true;
  }

  /** The steps of the start that is under way; `fallback` where this process saw none of it. */
  lifecycleOr(fallback: readonly LifecycleStep[] | undefined): readonly LifecycleStep[] | undefined {
    return this.#lifecycle ?? fallback;
  }

  /** Begins a start's list of steps. */
  beginLifecycle(first: readonly LifecycleStep[]): void {
    this.#lifecycle = [...first];
    // How long it was stopped or asleep before is no step of its start.
    if (this.#isSettled) this.#lastMarkMs = this.#clock.monotonicMs();
    this.#isSettled = false;
  }

  /** Adds a step that was just done, once a start. Returns it when it is new. */
  mark(name: string, known: readonly LifecycleStep[] | undefined): LifecycleStep | undefined {
    const lifecycle = this.#lifecycle ?? [...(known ?? [])];
    this.#lifecycle = lifecycle;
    if (lifecycle.some((step) => step.name === name)) return undefined;
    const nowMs = this.#clock.monotonicMs();
    const at = new Date(this.#clock.nowMs()).toISOString();
    const step = { name, at, durationMs: Math.round(nowMs - this.#lastMarkMs) };
    lifecycle.push(step);
    this.#lastMarkMs = nowMs;
    return step;
  }
}
