import { ApiError } from '../../../api/client/index.ts';
import {
  type GuestImage,
  type GuestImageSpec,
  guestImageSpecSchema,
} from '../../../crds/guestimage/definition.ts';
import type { Condition, Stored } from '../../../crds/meta/meta.ts';
import type { SandboxContainer } from '../../../crds/sandboxcontainer/definition.ts';
import { type UserVm, type UserVmStatus, userVmSpecSchema } from '../../../crds/uservm/definition.ts';
import { formatTime, setCondition } from '../../runtime/index.ts';
import { TestClock } from '../../runtime/testing/test-clock.ts';
import { FakeStore } from '../../sandboxcontainer/testing/fake-store.ts';
import { type RolloutDependencies, RolloutReconciler } from '../reconcile.ts';

export const OLD = `sha256:${'a'.repeat(64)}`;
export const NEW = `sha256:${'b'.repeat(64)}`;
export const NEWER = `sha256:${'c'.repeat(64)}`;
const NAMESPACE = 'team';

/** The four calls by which a rollout sees and changes anything. */
export type RolloutEffects = Pick<RolloutDependencies, 'getImage' | 'listVms' | 'commitImage' | 'commitVm'>;

/** What the caches of a manager show. */
export interface FleetSight {
  readonly image: Stored<GuestImage> | undefined;
  readonly vms: readonly Stored<UserVm>[];
}

/**
 * The VMs of one GuestImage on nodes that do what their objects say, over an API that checks resourceVersions. A VM
 * serves with an artifact unless that is said to be broken for it.
 */
export class Fleet {
  readonly clock = new TestClock();
  readonly vms = new FakeStore<UserVm>();
  readonly images = new FakeStore<GuestImage>();
  readonly events: string[] = [];
  /** `DIGEST NAME` of VMs that do not come up with an artifact. */
  readonly broken = new Set<string>();
  /** Nodes that do not have the artifact of the spec. */
  readonly without = new Set<string>();
  /** VMs that the rollout took down and that did not serve for minReadySeconds since. */
  readonly disturbed = new Set<string>();
  /** The most VMs that were disturbed at once. */
  disturbedMax = 0;

  constructor(names: readonly string[], rollout: GuestImageSpec['rollout'] | object = {}) {
    const file = { name: 'f', digest: OLD, sizeBytes: 1 };
    const artifact = {
      digest: OLD,
      version: '1',
      kernel: file,
      initramfs: file,
      rootDisk: file,
      cmdline: '',
    };
    this.images.put({
      apiVersion: 'holt.dev/v1alpha1',
      kind: 'GuestImage',
      metadata: { name: 'default', namespace: '', uid: 'i', resourceVersion: '', generation: 1 },
      spec: guestImageSpecSchema.parse({ ...artifact, rollout }),
    });
    for (const name of names) this.addVm(name);
  }

  get image(): Stored<GuestImage> {
    const image = this.images.get('', 'default');
    if (image === undefined) throw new Error('no image');
    return image;
  }

  vm(name: string): Stored<UserVm> {
    const vm = this.vms.get(NAMESPACE, name);
    if (vm === undefined) throw new Error(`no VM ${name}`);
    return vm;
  }

  addVm(name: string, node = 'node-1'): void {
    this.vms.put({
      apiVersion: 'holt.dev/v1alpha1',
      kind: 'UserVM',
      metadata: { namespace: NAMESPACE, name, uid: `uid-${name}`, resourceVersion: '', generation: 1 },
      spec: userVmSpecSchema.parse({ user: name }),
      status: { nodeName: node },
    });
  }

  /** A user's write of the image's spec. */
  setSpec(change: Partial<GuestImageSpec>): void {
    const { image } = this;
    const generation = (image.metadata.generation ?? 1) + 1;
    const rollout = { ...image.spec.rollout, ...change.rollout };
    const spec = guestImageSpecSchema.parse({ ...image.spec, ...change, rollout });
    this.images.put({ ...image, metadata: { ...image.metadata, generation }, spec });
  }

  /** A user's write of a VM's spec. */
  setPower(name: string, powerState: UserVm['spec']['powerState']): void {
    const vm = this.vm(name);
    // From here on it is down because its user wants it so.
    if (powerState !== 'Running') this.disturbed.delete(name);
    const metadata = { ...vm.metadata, generation: (vm.metadata.generation ?? 1) + 1 };
    this.vms.put({ ...vm, metadata, spec: { ...vm.spec, powerState } });
  }

  /** Nodes say whether they have the artifact of the spec. */
  checkArtifacts(): void {
    const { image } = this;
    const names = new Set(this.vms.list().map(({ status }) => status?.nodeName ?? ''));
    const nodes = [...names].sort().map((nodeName) => ({
      nodeName,
      digest: image.spec.digest,
      present: !this.without.has(nodeName),
      verifiedAt: formatTime(0),
    }));
    if (JSON.stringify(image.status?.nodes) === JSON.stringify(nodes)) return;
    this.images.put({ ...image, status: { ...image.status, nodes } });
  }

  /** Its node takes one step towards what the object of this VM says. */
  step(name: string): void {
    const vm = this.vm(name);
    const { status = {}, spec } = vm;
    const isReady =
      status.conditions?.some(({ type, status }) => type === 'Ready' && status === 'True') ?? false;
    const next = status.desiredImage?.digest ?? this.image.status?.rollout?.forNew ?? this.image.spec.digest;
    if (spec.powerState === 'Stopped') {
      const { guestImage: _, ...rest } = status;
      if (status.phase !== 'Stopped') this.#report(vm, { ...rest, phase: 'Stopped' }, false);
    } else if (status.guestImage === undefined) {
      this.#report(vm, { ...status, phase: 'Booting', guestImage: { name: 'default', digest: next } }, false);
    } else if (status.desiredImage?.apply === 'Now' && status.guestImage.digest !== next) {
      if (this.without.has(status.nodeName ?? '') && next === this.image.spec.digest) return;
      if (isReady) this.disturbed.add(name);
      this.#report(vm, { ...status, phase: 'Booting', guestImage: { name: 'default', digest: next } }, false);
    } else if (!isReady && !this.broken.has(`${status.guestImage.digest} ${name}`)) {
      this.#report(vm, { ...status, phase: 'Running' }, true);
    }
    this.#count();
  }

  /** It goes down by itself, and starts with the artifact that is next. */
  crash(name: string): void {
    this.#count();
    const vm = this.vm(name);
    if (vm.status?.guestImage === undefined) return;
    const { guestImage: _, ...rest } = vm.status;
    this.#report(vm, { ...rest, phase: 'Provisioning' }, false);
  }

  /** Looks who has served for long enough. */
  #count(): void {
    const minReadyMs = (this.image.spec.rollout?.minReadySeconds ?? 10) * 1000;
    for (const name of this.disturbed) {
      const ready = this.vm(name).status?.conditions?.find(({ type }) => type === 'Ready');
      const sinceMs = ready?.status === 'True' ? Date.parse(ready.lastTransitionTime) : Infinity;
      if (sinceMs + minReadyMs <= this.clock.nowMs()) this.disturbed.delete(name);
    }
    this.disturbedMax = Math.max(this.disturbedMax, this.disturbed.size);
  }

  #report(vm: Stored<UserVm>, status: UserVmStatus, isReady: boolean): void {
    const ready = { type: 'Ready', status: isReady ? 'True' : 'False', reason: 'X', message: '' } as const;
    const conditions: Condition[] = setCondition(status.conditions, ready, this.clock);
    const { generation = 1 } = vm.metadata;
    this.vms.put({ ...vm, status: { ...status, observedGeneration: generation, conditions } });
  }

  /** What each VM runs and whether it serves, e.g. `alice: b True`. */
  get state(): string[] {
    return this.vms.list().map(({ metadata, status }) => {
      const ready = status?.conditions?.find(({ type }) => type === 'Ready')?.status;
      return `${metadata.name}: ${status?.guestImage?.digest[7] ?? '-'} ${ready}`;
    });
  }

  conditionOf(type: string): string {
    const condition = this.image.status?.conditions?.find((each) => each.type === type);
    return `${condition?.status} ${condition?.reason}`;
  }

  get effects(): RolloutEffects {
    return {
      getImage: async () => this.image,
      listVms: async () => this.vms.list(),
      commitImage: async (image, status, events) => {
        this.events.push(...put(this.images, image, status, events));
      },
      commitVm: async (vm, status, events) => {
        put(this.vms, vm, status, events);
      },
    };
  }

  /** What a cache that is up to date shows. */
  look(): FleetSight {
    return { image: this.images.get('', 'default'), vms: this.vms.list() };
  }

  /** A manager whose caches show what `cache` returns. */
  manager(effects: RolloutEffects, cache: () => FleetSight = () => this.look()): RolloutReconciler {
    return new RolloutReconciler({
      ...effects,
      images: { get: () => cache().image },
      vmsOf: () => cache().vms,
      containersOf: (): readonly Stored<SandboxContainer>[] => [],
      clock: this.clock,
    });
  }
}

function put<T extends GuestImage | UserVm>(
  store: FakeStore<T>,
  object: Stored<T>,
  status: T['status'],
  events: readonly { reason: string }[],
): string[] {
  const { namespace = '', name, resourceVersion } = object.metadata;
  const current = store.get(namespace, name);
  if (current?.metadata.resourceVersion !== resourceVersion)
    throw new ApiError('write', { code: 409, reason: 'Conflict' });
  if (JSON.stringify(current.status) !== JSON.stringify(status) || events.length > 0) {
    store.put({ ...object, status: JSON.parse(JSON.stringify(status)) } as Stored<T>);
  }
  return events.map(({ reason }) => reason);
}
