import type { Clock } from '../../lib/clock.ts';
import type { PodmanContainer } from '../../lib/podman/index.ts';
import type { GuestOf } from './guest.ts';
import { CONTAINER_LABELS } from './labels.ts';

/** One look at a guest. */
export interface Observation {
  /** When it began. */
  readonly atMs: number;
  readonly containers: readonly PodmanContainer[];
  /** Undefined: the ingress did not answer. */
  readonly routes: ReadonlyMap<string, string> | undefined;
  /** Of the guest, read where an ended or missing container may mean a boot in between. */
  readonly bootId: string;
  /** Processes and threads by container id, for those that run; empty where they could not be read. */
  readonly pids: ReadonlyMap<string, number>;
}

export interface GuestObserverOptions {
  readonly guestOf: GuestOf;
  readonly clock: Clock;
  /** Containers of a VM share an observation that is no older. Default 1,000. */
  readonly maxAgeMs?: number;
}

interface Slot {
  observation: Promise<Observation>;
  startedMs: number;
  bootId: string | undefined;
  failingSinceMs: number | undefined;
}

/** Looks at guests: one list a tick a VM, however many containers ask. */
export class GuestObserver {
  readonly #options: GuestObserverOptions;
  readonly #slots = new Map<string, Slot>();

  constructor(options: GuestObserverOptions) {
    this.#options = options;
  }

  /**
   * A recent observation, or a new one. Rejects as the guest's calls do.
   * @param signal of the process: it ends the calls that others share, too
   */
  async observe(vmUid: string, signal: AbortSignal): Promise<Observation> {
    const { clock, maxAgeMs = 1_000 } = this.#options;
    const nowMs = clock.monotonicMs();
    const known = this.#slots.get(vmUid);
    if (known !== undefined && nowMs - known.startedMs < maxAgeMs) return known.observation;
    const slot: Slot = {
      observation: this.#look(vmUid, known?.bootId, nowMs, signal),
      startedMs: nowMs,
      bootId: known?.bootId,
      failingSinceMs: known?.failingSinceMs,
    };
    this.#slots.set(vmUid, slot);
    return slot.observation.then(
      (observation) => {
        slot.bootId = observation.bootId;
        slot.failingSinceMs = undefined;
        return observation;
      },
      (error) => {
        slot.failingSinceMs ??= nowMs;
        // The next caller tries anew.
        slot.startedMs = Number.NEGATIVE_INFINITY;
        throw error;
      },
    );
  }

  /** What was seen is out of date: something was changed in the guest. */
  invalidate(vmUid: string): void {
    const slot = this.#slots.get(vmUid);
    if (slot !== undefined) slot.startedMs = Number.NEGATIVE_INFINITY;
  }

  /** Since how many milliseconds the guest has not answered; 0 when it did the last time. */
  unreachableForMs(vmUid: string): number {
    const since = this.#slots.get(vmUid)?.failingSinceMs;
    return since === undefined ? 0 : this.#options.clock.monotonicMs() - since;
  }

  /** The VM is not there or not ready: what is known of its boot counts no more. */
  forget(vmUid: string): void {
    this.#slots.delete(vmUid);
  }

  async #look(
    vmUid: string,
    knownBootId: string | undefined,
    atMs: number,
    signal: AbortSignal,
  ): Promise<Observation> {
    const guest = this.#options.guestOf(vmUid);
    const routes = guest.listRoutes(signal).catch(() => undefined);
    const containers = await guest.listContainers(signal);
    const ours = containers.filter((container) => CONTAINER_LABELS.uid in container.labels);
    const running = ours.filter((container) => container.state === 'running').map(({ id }) => id);
    // Nothing runs across a boot: while all of it runs and nothing is gone, the guest has not booted again.
    const isSameBoot = ours.length > 0 && running.length === ours.length;
    const bootId =
      isSameBoot && knownBootId !== undefined ? knownBootId : (await guest.readInfo(signal)).bootId;
    const stats = running.length === 0 ? [] : await guest.containerStats(running, signal).catch(() => []);
    return {
      atMs,
      containers,
      routes: await routes,
      bootId,
      pids: new Map(stats.map((item) => [item.id, item.pids])),
    };
  }
}
