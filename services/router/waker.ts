import type { UserVm } from '../../crds/uservm/definition.ts';
import type { Clock } from '../../lib/clock.ts';
import type { Logger } from '../../lib/logger.ts';
import { type RouteTable, type RouteTarget, routeKey } from './route-table.ts';

export interface WakerOptions {
  readonly userVms: () => readonly UserVm[];
  /** What HAProxy serves by. */
  readonly table: () => RouteTable;
  /** Asks the API for the VM to be woken. */
  readonly wake: (vm: UserVm) => Promise<unknown>;
  readonly clock: Clock;
  readonly logger: Logger;
}

/** A request for a VM that sleeps. */
export interface HeldRequest {
  readonly user: string;
  readonly target: RouteTarget;
  /** How long its client may be kept waiting. */
  readonly holdMs: number;
  /** Aborts when the client is gone. */
  readonly signal: AbortSignal;
}

/** Wakes the VMs that requests arrive for, and tells when their routes are up. */
export class Waker {
  readonly #options: WakerOptions;
  readonly #waiting = new Set<() => void>();
  /** UIDs whose wake is being asked for. */
  readonly #asking = new Set<string>();

  constructor(options: WakerOptions) {
    this.#options = options;
  }

  /** The table was changed, and HAProxy has it: those who wait look again. */
  onTable(): void {
    for (const look of [...this.#waiting]) look();
  }

  /** Asks for the wake, and waits for the route. Resolves to whether it serves. Never throws. */
  async hold(request: HeldRequest): Promise<boolean> {
    const isReady = () =>
      this.#options.table().get(routeKey(request.user, request.target))?.state === 'ready';
    void this.#ask(request.user);
    if (isReady()) return true;
    const { promise, resolve } = Promise.withResolvers<void>();
    const look = () => {
      if (isReady()) resolve();
    };
    const over = new AbortController();
    const signal = AbortSignal.any([request.signal, over.signal]);
    this.#waiting.add(look);
    try {
      await Promise.race([promise, this.#options.clock.sleep(request.holdMs, signal).catch(() => {})]);
    } finally {
      over.abort();
      this.#waiting.delete(look);
    }
    return isReady();
  }

  /** One call at a time for a VM, however many requests wait for it. */
  async #ask(user: string): Promise<void> {
    const vm = this.#options
      .userVms()
      .find(({ metadata, spec }) => spec.user === user && metadata.deletionTimestamp === undefined);
    const uid = vm?.metadata.uid;
    if (vm?.spec.powerState !== 'Standby' || uid === undefined || this.#asking.has(uid)) return;
    this.#asking.add(uid);
    try {
      await this.#options.wake(vm);
      this.#options.logger.info({ vm_id: vm.status?.vmId, user }, 'a request wakes the VM');
    } catch (error) {
      this.#options.logger.warn({ err: error, vm_id: vm.status?.vmId, user }, 'the VM could not be woken');
    } finally {
      this.#asking.delete(uid);
    }
  }
}
