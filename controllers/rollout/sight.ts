import type { GuestImage } from '../../crds/guestimage/definition.ts';
import type { RolloutStatus, Underway } from '../../crds/guestimage/rollout.ts';
import { isForward } from './pointers.ts';
import type { RolloutPolicy } from './policy.ts';
import type { VmView } from './vm-view.ts';

export interface SightOptions {
  readonly image: Pick<GuestImage, 'spec' | 'status'>;
  readonly rollout: RolloutStatus;
  readonly policy: RolloutPolicy;
  readonly vms: readonly VmView[];
  readonly nowMs: number;
}

/** Where each VM stands in a rollout, at one moment. */
export class RolloutSight {
  readonly image: SightOptions['image'];
  readonly rollout: RolloutStatus;
  readonly policy: RolloutPolicy;
  /** Canaries first, then in an order that stays: a higher percentage adds to those of a lower one. */
  readonly vms: readonly VmView[];
  readonly nowMs: number;
  readonly underway: readonly Underway[];
  readonly #byUid: ReadonlyMap<string, VmView>;
  readonly #underway: ReadonlySet<string>;

  constructor({ image, rollout, policy, vms, nowMs }: SightOptions) {
    this.image = image;
    this.rollout = rollout;
    this.policy = policy;
    this.nowMs = nowMs;
    this.vms = [...vms].sort(
      (a, b) => Number(this.isCanary(b)) - Number(this.isCanary(a)) || (a.uid < b.uid ? -1 : 1),
    );
    this.underway = rollout.underway ?? [];
    this.#byUid = new Map(vms.map((vm) => [vm.uid, vm]));
    this.#underway = new Set(this.underway.map(({ uid }) => uid));
  }

  isCanary({ vm }: VmView): boolean {
    const { vms = [], matchLabels } = this.policy.canary ?? {};
    const { namespace, name, labels = {} } = vm.metadata;
    const hasLabels =
      matchLabels !== undefined &&
      Object.keys(matchLabels).length > 0 &&
      Object.entries(matchLabels).every(([label, value]) => labels[label] === value);
    return hasLabels || vms.includes(`${namespace}/${name}`);
  }

  isUnderway({ uid }: VmView): boolean {
    return this.#underway.has(uid);
  }

  viewOf({ uid }: Underway): VmView | undefined {
    return this.#byUid.get(uid);
  }

  /** The artifact of its next start is the desired one. */
  isGiven({ assigned }: VmView): boolean {
    return (assigned?.digest ?? this.rollout.forNew) === this.rollout.desired;
  }

  /** It was written to by this very revision: a write of an earlier one that is still on its way is refused now. */
  isWritten({ assigned }: VmView): boolean {
    return assigned?.digest === this.rollout.desired && assigned.revision === this.rollout.revision;
  }

  /** It was given the artifact, and does not run another. */
  isMoved(vm: VmView): boolean {
    return (
      this.isGiven(vm) && (!vm.isServing || vm.booted === undefined || vm.booted === this.rollout.desired)
    );
  }

  /** Wall milliseconds at which it has served for long enough, as far as can be told; undefined: it does not serve. */
  healthyAtMs(uid: string): number | undefined {
    const vm = this.#byUid.get(uid);
    if (vm?.isServing !== true || vm.booted !== this.rollout.desired) return undefined;
    const sinceMs = vm.assigned?.wasDown === true ? vm.readySinceMs : vm.liveSinceMs;
    return sinceMs === undefined ? undefined : sinceMs + this.policy.minReadySeconds * 1000;
  }

  isHealthy({ uid }: VmView): boolean {
    const atMs = this.healthyAtMs(uid);
    return atMs !== undefined && atMs <= this.nowMs;
  }

  deadlineMs({ since }: Underway): number {
    return Date.parse(since) + this.policy.progressDeadlineSeconds * 1000;
  }

  isStillUnderway(each: Underway): boolean {
    const vm = this.viewOf(each);
    if (vm === undefined) return false;
    if (!this.isWritten(vm)) return true;
    if (!vm.isServing) return !this.isAtRest(vm);
    if (this.isHealthy(vm)) return false;
    // One that does not come back with what it had before is down for reasons of its own.
    return isForward(this.rollout) || vm.assigned?.apply !== 'Now' || this.nowMs <= this.deadlineMs(each);
  }

  /** It does not run, and nothing is left that would recycle it: one that was paused is not recycled as it wakes. */
  isAtRest({ isServing, assigned, booted }: VmView): boolean {
    const hasOther = booted !== undefined && booted !== this.rollout.desired;
    return !isServing && (assigned?.apply === 'NextStart' || !hasOther);
  }

  /** Did not serve in time. */
  get overdue(): VmView[] {
    return this.underway.flatMap((each) => {
      const vm = this.viewOf(each);
      if (vm?.assigned?.apply !== 'Now' || !this.isWritten(vm)) return [];
      return this.nowMs > this.deadlineMs(each) ? [vm] : [];
    });
  }

  /** Started with the artifact, and not serving, though it was when it was given it. */
  isDownWithArtifact(vm: VmView): boolean {
    const { desired } = this.rollout;
    const isStarted = vm.isServing && vm.booted === desired && this.isGiven(vm);
    return isStarted && vm.readySinceMs === undefined && vm.assigned?.wasDown !== true;
  }

  /** Whether its node has the artifact, or it is on none yet; undefined: the node did not look yet. */
  hasArtifact({ vm }: VmView): boolean | undefined {
    const { desired } = this.rollout;
    const { nodeName } = vm.status ?? {};
    // The one before was booted there already.
    if (nodeName === undefined || desired !== this.image.spec.digest) return true;
    const entry = this.image.status?.nodes?.find((node) => node.nodeName === nodeName);
    return entry?.digest === desired ? entry.present : undefined;
  }
}

/** `NAMESPACE/NAME`. */
export function keyOfView({ vm }: VmView): string {
  return `${vm.metadata.namespace}/${vm.metadata.name}`;
}
