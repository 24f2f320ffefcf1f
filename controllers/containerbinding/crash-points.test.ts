import { randomUUID } from 'node:crypto';
import test from 'ava';
import { ApiError, type Lister } from '../../api/client/index.ts';
import type { Stored } from '../../crds/meta/meta.ts';
import type { Node } from '../../crds/node/definition.ts';
import { type SandboxContainer, sandboxContainerSpecSchema } from '../../crds/sandboxcontainer/definition.ts';
import { type UserVm, userVmSpecSchema } from '../../crds/uservm/definition.ts';
import { PlacementReconciler } from '../placement/reconcile.ts';
import { TestClock } from '../runtime/testing/test-clock.ts';
import { FakeStore } from '../sandboxcontainer/testing/fake-store.ts';
import type { NewStatus } from '../sandboxcontainer/without-vm.ts';
import { CrashedError, FAULT_KINDS, FaultPlan } from '../testing/fault-plan.ts';
import { ContainerBindingReconciler } from './reconcile.ts';

const namespace = 'team';
const { signal } = new AbortController();

/** A manager with placement and container binding over one API, which can be killed at any effect. */
class World {
  readonly clock = new TestClock();
  readonly vms = new FakeStore<UserVm>();
  readonly containers = new FakeStore<SandboxContainer>();
  readonly nodes = new FakeStore<Node>();
  readonly faults: FaultPlan;
  #placement: PlacementReconciler;
  #binding: ContainerBindingReconciler;

  constructor(faults = new FaultPlan()) {
    this.faults = faults;
    this.#placement = this.#newPlacement();
    this.#binding = this.#newBinding();
  }

  makeNode(name: string): void {
    this.nodes.put({
      apiVersion: 'v1',
      kind: 'Node',
      metadata: { namespace: '', name, uid: name, resourceVersion: '' },
      status: { allocatable: { cpu: 2, memory: '8Gi' }, conditions: [{ type: 'Ready', status: 'True' }] },
    });
  }

  makeVm(name: string): void {
    const metadata = { namespace, name, uid: randomUUID(), resourceVersion: '', generation: 1 };
    const spec = userVmSpecSchema.parse({ user: name });
    this.vms.put({ apiVersion: 'holt.dev/v1alpha1', kind: 'UserVM', metadata, spec });
  }

  makeContainer(name: string, vmName: string): void {
    const finalizers = ['holt.dev/container'];
    this.containers.put({
      apiVersion: 'holt.dev/v1alpha1',
      kind: 'SandboxContainer',
      metadata: { namespace, name, uid: name, resourceVersion: '', generation: 1, finalizers },
      spec: sandboxContainerSpecSchema.parse({
        vmRef: { name: vmName },
        role: 'sidecar',
        source: { closure: '/opt/x' },
        command: ['/x'],
      }),
    });
  }

  /** Somebody with the right to do so binds a VM elsewhere. */
  moveVm(name: string, nodeName: string): void {
    const vm = this.vms.get(namespace, name);
    if (vm !== undefined) this.vms.put({ ...vm, status: { ...vm.status, nodeName } });
  }

  /** Its node says that it runs. */
  report(name: string): void {
    const container = this.containers.get(namespace, name);
    if (container === undefined) throw new Error(`no ${name}`);
    const ready = {
      type: 'Ready',
      status: 'True' as const,
      reason: 'Ready',
      message: '',
      lastTransitionTime: '',
    };
    const status = { ...container.status, phase: 'Running' as const, conditions: [ready] };
    this.containers.put({ ...container, status });
  }

  deleteContainer(name: string): void {
    const container = this.containers.get(namespace, name);
    if (container === undefined) throw new Error(`no ${name}`);
    this.containers.put({ ...container, metadata: { ...container.metadata, deletionTimestamp: 'now' } });
  }

  /** Until nothing changes any more; whatever fails is tried again, whatever dies is started anew. */
  async settle(): Promise<void> {
    for (let quiet = 0, round = 0; quiet < 2; round += 1) {
      if (round > 50) throw new Error('does not settle');
      const before = this.state;
      for (const { metadata } of this.vms.list())
        await this.#attempt(() => this.#placement.reconcile({ namespace, name: metadata.name }, { signal }));
      for (const { metadata } of this.containers.list())
        await this.#attempt(() => this.#binding.reconcile({ namespace, name: metadata.name }, { signal }));
      quiet = JSON.stringify(this.state) === JSON.stringify(before) ? quiet + 1 : 0;
    }
  }

  /** All that is to be the same whatever went wrong on the way; why it came so is told by the way that it took. */
  get state(): unknown {
    return [...this.vms.list(), ...this.containers.list()].map(({ metadata, status }) => ({
      name: metadata.name,
      finalizers: metadata.finalizers,
      nodeName: status?.nodeName,
      phase: status?.phase,
      isReady: status?.conditions?.some(({ type, status }) => type === 'Ready' && status === 'True') ?? false,
    }));
  }

  async #attempt(work: () => Promise<unknown>): Promise<void> {
    try {
      await Promise.race([work(), this.faults.crashed]);
    } catch (error) {
      if (!(error instanceof CrashedError)) return;
      this.faults.restart();
      this.#placement = this.#newPlacement();
      this.#binding = this.#newBinding();
    }
  }

  #newPlacement(): PlacementReconciler {
    const { vms, nodes, clock } = this;
    const effects = {
      commitVm: async (vm: Stored<UserVm>, status: UserVm['status']) => put(vms, vm, { status }),
    };
    const { commitVm } = this.faults.wrap(effects);
    const lister: Lister<UserVm> = {
      get: (at, name) => vms.get(at, name),
      getByKey: (key) => vms.getByKey(key),
      list: (at) => vms.list(at),
      // By the one index that placement reads: those that wait.
      byIndex: () => vms.list().filter(({ status }) => status?.nodeName === undefined),
    };
    return new PlacementReconciler({
      vms: lister,
      nodes,
      clock,
      commit: (vm, status) => commitVm(vm, status),
    });
  }

  #newBinding(): ContainerBindingReconciler {
    const { vms, containers, clock } = this;
    const effects = {
      getVm: async (_namespace: string, name: string) => {
        const vm = vms.get(namespace, name);
        if (vm === undefined) throw new ApiError('GET', { code: 404, reason: 'NotFound' });
        return vm;
      },
      commit: async (container: Stored<SandboxContainer>, { status }: NewStatus) =>
        put(containers, container, { status: JSON.parse(JSON.stringify(status)) }),
      release: async (container: Stored<SandboxContainer>) =>
        put(containers, container, { metadata: { ...container.metadata, finalizers: [] } }),
    };
    return new ContainerBindingReconciler({ vms, containers, clock, ...this.faults.wrap({ ...effects }) });
  }
}

/** A write under the precondition that nobody wrote since. */
function put<T extends UserVm | SandboxContainer>(
  store: FakeStore<T>,
  object: Stored<T>,
  change: object,
): Stored<T> {
  const current = store.get(namespace, object.metadata.name);
  if (current?.metadata.resourceVersion !== object.metadata.resourceVersion)
    throw new ApiError('write', { code: 409, reason: 'Conflict' });
  return store.put({ ...object, ...change });
}

const SCENARIOS: Readonly<Record<string, (world: World) => Promise<void>>> = {
  'containers before their VM, and one after it': async (world) => {
    world.makeContainer('early', 'alice');
    await world.settle();
    world.makeVm('alice');
    await world.settle();
    world.makeNode('node-1');
    world.makeContainer('late', 'alice');
    await world.settle();
  },
  'a VM that moves, and moves back': async (world) => {
    world.makeNode('node-1');
    world.makeVm('alice');
    world.makeContainer('one', 'alice');
    world.makeContainer('two', 'alice');
    await world.settle();
    world.report('one');
    await world.settle();
    world.moveVm('alice', 'node-2');
    await world.settle();
    world.report('two');
    world.moveVm('alice', 'node-1');
    await world.settle();
  },
  'a VM that goes, and containers that go before and after it': async (world) => {
    world.makeNode('node-1');
    world.makeVm('alice');
    for (const name of ['stays', 'first', 'last']) world.makeContainer(name, 'alice');
    await world.settle();
    world.report('stays');
    world.deleteContainer('first');
    await world.settle();
    world.vms.drop(namespace, 'alice');
    await world.settle();
    world.deleteContainer('last');
    await world.settle();
  },
  'a VM of the same name on another node': async (world) => {
    world.makeNode('node-1');
    world.makeVm('alice');
    world.makeContainer('one', 'alice');
    await world.settle();
    world.vms.drop(namespace, 'alice');
    world.nodes.drop('', 'node-1');
    world.makeNode('node-2');
    world.makeVm('alice');
    await world.settle();
  },
};

for (const [name, scenario] of Object.entries(SCENARIOS)) {
  test(`${name}: the same end, wherever the manager dies or an answer is lost`, async (t) => {
    const undisturbed = new World();
    await scenario(undisturbed);
    const count = undisturbed.faults.names.length;
    t.true(count > 0);
    for (let at = 0; at < count; at += 1) {
      for (const kind of FAULT_KINDS) {
        const world = new World(new FaultPlan({ at, kind }));
        await scenario(world);
        t.deepEqual(world.state, undisturbed.state, `${kind} ${undisturbed.faults.names[at]} (${at})`);
      }
    }
    t.log(`${count} effects, ${count * FAULT_KINDS.length} crash points`);
  });
}

test('where each scenario ends', async (t) => {
  const ends: Record<string, unknown> = {};
  for (const [name, scenario] of Object.entries(SCENARIOS)) {
    const world = new World();
    await scenario(world);
    ends[name] = Object.fromEntries(
      world.containers
        .list()
        .map(({ metadata, status }) => [metadata.name, `${status?.nodeName ?? 'nowhere'} ${status?.phase}`]),
    );
  }
  t.deepEqual(Object.values(ends), [
    { early: 'node-1 Pending', late: 'node-1 Pending' },
    { one: 'node-1 Pending', two: 'node-1 Pending' },
    { stays: 'nowhere Pending' },
    { one: 'node-2 Pending' },
  ]);
});
