import { isDeepStrictEqual } from 'node:util';
import { isNotFound, keyOf, type Lister } from '../../api/client/index.ts';
import { ROLLOUT_REASONS } from '../../crds/guestimage/conditions.ts';
import type { GuestImage, GuestImageStatus } from '../../crds/guestimage/definition.ts';
import type { Stored } from '../../crds/meta/meta.ts';
import type { LifecycleEvent } from '../../crds/meta/status-commit.ts';
import type { SandboxContainer } from '../../crds/sandboxcontainer/definition.ts';
import type { UserVm, UserVmStatus } from '../../crds/uservm/definition.ts';
import type { Clock } from '../../lib/clock.ts';
import type { ReconcileContext, ReconcileRequest, ReconcileResult, Reconciler } from '../runtime/index.ts';
import type { Give } from './choose.ts';
import { planRollout, type RolloutPlan } from './plan.ts';
import { eventsOf, statusOf } from './status.ts';
import { viewOf } from './vm-view.ts';

export interface RolloutDependencies {
  /** The caches: they say when it is worth asking the API server. */
  readonly images: Pick<Lister<GuestImage>, 'get'>;
  readonly vmsOf: (imageName: string) => readonly Stored<UserVm>[];
  readonly containersOf: (vmKey: string) => readonly Stored<SandboxContainer>[];
  /** From the API server itself. Rejects with ApiError: not found. */
  readonly getImage: (name: string, signal: AbortSignal) => Promise<Stored<GuestImage>>;
  readonly listVms: (signal: AbortSignal) => Promise<readonly Stored<UserVm>[]>;
  /** Both write status and events in one transaction, if the object is still as it was read. */
  readonly commitImage: (
    image: Stored<GuestImage>,
    status: GuestImageStatus,
    events: readonly LifecycleEvent[],
    signal: AbortSignal,
  ) => Promise<unknown>;
  readonly commitVm: (
    vm: Stored<UserVm>,
    status: UserVmStatus,
    events: readonly LifecycleEvent[],
    signal: AbortSignal,
  ) => Promise<unknown>;
  readonly clock: Clock;
}

/** Counts alone are written this often at most: every VM that turns Ready changes them. */
const COUNTS_PERIOD_MS = 1_000;

/** Steps: README.md. */
export class RolloutReconciler implements Reconciler {
  readonly #dependencies: RolloutDependencies;
  /** Monotonic time of the last write of each image's status. */
  readonly #writtenAtMs = new Map<string, number>();

  constructor(dependencies: RolloutDependencies) {
    this.#dependencies = dependencies;
  }

  async reconcile({ name }: ReconcileRequest, { signal }: ReconcileContext): Promise<ReconcileResult> {
    const { images, vmsOf, clock } = this.#dependencies;
    const cached = images.get('', name);
    if (cached === undefined || cached.metadata.deletionTimestamp !== undefined) {
      this.#writtenAtMs.delete(name);
      return {};
    }
    const glance = this.#look(cached, vmsOf(name));
    if (isDeepStrictEqual(normal(glance.status), normal(cached.status)) && glance.plan.gives.length === 0) {
      return { requeueAfterMs: glance.plan.requeueAfterMs };
    }
    if (isCountsOnly(glance, cached)) {
      const waitMs = COUNTS_PERIOD_MS - (clock.monotonicMs() - (this.#writtenAtMs.get(name) ?? -Infinity));
      if (waitMs > 0) return { requeueAfterMs: Math.ceil(waitMs) };
    }
    return this.#act(name, signal);
  }

  /** Decides on what the API server has now, and writes: the image before the VMs. */
  async #act(name: string, signal: AbortSignal): Promise<ReconcileResult> {
    const { getImage, listVms, commitImage, clock } = this.#dependencies;
    const image = await getImage(name, signal).catch((error: unknown) => {
      if (isNotFound(error)) return undefined;
      throw error;
    });
    if (image === undefined || image.metadata.deletionTimestamp !== undefined) return {};
    const vms = await listVms(signal);
    const { plan, status } = this.#look(
      image,
      vms.filter(({ spec }) => spec.guestImage === name),
    );
    const events = eventsOf(image.status, status);
    await commitImage(image, status, events, signal);
    this.#writtenAtMs.set(name, clock.monotonicMs());
    await this.#giveAll(plan, signal);
    return { requeueAfterMs: plan.requeueAfterMs };
  }

  #look(image: Stored<GuestImage>, vms: readonly Stored<UserVm>[]) {
    const { containersOf, clock } = this.#dependencies;
    const views = vms
      .filter(({ metadata }) => metadata.deletionTimestamp === undefined)
      .map((vm) => viewOf(vm, containersOf(keyOf(vm)).filter(isLive)));
    const plan = planRollout({ image, vms: views, nowMs: clock.nowMs() });
    return { plan, status: statusOf(image, plan, clock) };
  }

  /** One that cannot be written, because somebody else wrote to it, keeps none of the others. */
  async #giveAll({ gives }: RolloutPlan, signal: AbortSignal): Promise<void> {
    const failures: unknown[] = [];
    for (const give of gives) {
      await this.#give(give, signal).catch((error: unknown) => {
        if (!isNotFound(error)) failures.push(error);
      });
    }
    if (failures.length > 0) throw failures[0];
  }

  async #give({ vm, desiredImage }: Give, signal: AbortSignal): Promise<void> {
    const { status = {} } = vm;
    const { name, digest, apply } = desiredImage;
    const before = [status.desiredImage, status.guestImage].find(
      (image) => image !== undefined && image.digest !== digest,
    );
    const previousImage =
      before === undefined ? {} : { previousImage: { name: before.name, digest: before.digest } };
    const when = apply === 'Now' ? 'now' : 'with its next start';
    const event: LifecycleEvent = {
      type: 'Normal',
      reason: ROLLOUT_REASONS.ArtifactAssigned,
      message: `GuestImage ${name}: ${digest}, ${when}`,
    };
    await this.#dependencies.commitVm(vm, { ...status, desiredImage, ...previousImage }, [event], signal);
  }
}

function isLive({ spec, metadata }: Stored<SandboxContainer>): boolean {
  return spec.role === 'live' && metadata.deletionTimestamp === undefined;
}

function normal(status: GuestImageStatus | undefined): unknown {
  return JSON.parse(JSON.stringify(status ?? {}));
}

function isCountsOnly(
  { plan, status }: { plan: RolloutPlan; status: GuestImageStatus },
  { status: before }: Stored<GuestImage>,
): boolean {
  if (plan.gives.length > 0 || before?.rollout === undefined) return false;
  const bare = ({ rollout, conditions, ...rest }: GuestImageStatus) => {
    const { total: _, updated: __, ready: ___, ...pointers } = rollout ?? before.rollout ?? {};
    const words = conditions?.map(({ message: ____, ...word }) => word);
    return normal({ ...rest, rollout: pointers, conditions: words } as GuestImageStatus);
  };
  return isDeepStrictEqual(bare(status), bare(before));
}
