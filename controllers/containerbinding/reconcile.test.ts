import test from 'ava';
import { ApiError } from '../../api/client/index.ts';
import { Indexer } from '../../api/client/indexer.ts';
import type { Stored } from '../../crds/meta/meta.ts';
import type { LifecycleEvent } from '../../crds/meta/status-commit.ts';
import {
  type SandboxContainer,
  type SandboxContainerStatus,
  sandboxContainerSpecSchema,
} from '../../crds/sandboxcontainer/definition.ts';
import { type UserVm, userVmSpecSchema } from '../../crds/uservm/definition.ts';
import { TestClock } from '../runtime/testing/test-clock.ts';
import { ContainerBindingReconciler } from './reconcile.ts';

const metadata = { namespace: 'team', resourceVersion: '1', generation: 1 };
const vmOn = (nodeName: string | undefined): Stored<UserVm> => ({
  apiVersion: 'holt.dev/v1alpha1',
  kind: 'UserVM',
  metadata: { ...metadata, name: 'alice', uid: 'vm' },
  spec: userVmSpecSchema.parse({ user: 'alice' }),
  ...(nodeName === undefined ? {} : { status: { nodeName } }),
});

const containerWith = (
  status: SandboxContainerStatus | undefined,
  more: Partial<Stored<SandboxContainer>['metadata']> = {},
): Stored<SandboxContainer> => ({
  apiVersion: 'holt.dev/v1alpha1',
  kind: 'SandboxContainer',
  metadata: { ...metadata, name: 'live', uid: 'live', ...more },
  spec: sandboxContainerSpecSchema.parse({
    vmRef: { name: 'alice' },
    role: 'live',
    source: { closure: '/opt/x' },
    command: ['/x'],
  }),
  ...(status === undefined ? {} : { status }),
});

const RUNNING: SandboxContainerStatus = {
  phase: 'Running',
  observedGeneration: 1,
  nodeName: 'node-1',
  vmId: 'vm-1',
  containerId: 'c1',
  address: '10.89.0.10',
  ready: true,
  restartCount: 3,
  conditions: [{ type: 'Ready', status: 'True', reason: 'Ready', message: '', lastTransitionTime: '' }],
};

/** @param live what the API server has; the cache may be behind */
function start(container: Stored<SandboxContainer>, cached: UserVm | undefined, live = cached) {
  const containers = new Indexer<SandboxContainer>();
  const vms = new Indexer<UserVm>();
  containers.set(container);
  if (cached !== undefined) vms.set(cached as Stored<UserVm>);
  const commits: { status: SandboxContainerStatus; events: readonly LifecycleEvent[] }[] = [];
  const released: string[] = [];
  const asked: string[] = [];
  const reconciler = new ContainerBindingReconciler({
    containers,
    vms,
    clock: new TestClock(),
    getVm: async (namespace, name) => {
      asked.push(`${namespace}/${name}`);
      if (live === undefined) throw new ApiError('GET', { code: 404, reason: 'NotFound' });
      return live as Stored<UserVm>;
    },
    commit: async (_container, next) => commits.push(next),
    release: async ({ metadata: { name } }) => released.push(name),
  });
  const reconcile = () =>
    reconciler.reconcile({ namespace: 'team', name: 'live' }, { signal: new AbortController().signal });
  return { reconcile, commits, released, asked };
}

const readyReason = (status: SandboxContainerStatus | undefined) =>
  status?.conditions?.find(({ type }) => type === 'Ready')?.reason;

test('a container follows its VM to its node, without a word', async (t) => {
  const { reconcile, commits, asked } = start(containerWith(undefined), vmOn('node-1'));
  await reconcile();
  t.deepEqual(commits, [{ status: { phase: 'Pending', nodeName: 'node-1' }, events: [] }]);
  t.deepEqual(asked, []);
});

test('one that its node runs already keeps all that is known of it', async (t) => {
  const { nodeName: _, ...unnamed } = RUNNING;
  const { reconcile, commits } = start(containerWith(unnamed), vmOn('node-1'));
  await reconcile();
  t.deepEqual(commits, [{ status: RUNNING, events: [] }]);
});

test('a bound one is let be', async (t) => {
  const { reconcile, commits, asked } = start(containerWith(RUNNING), vmOn('node-1'));
  await reconcile();
  t.deepEqual([commits, asked], [[], []]);
});

test('on another node nothing is ready until that one says so; history and address stay', async (t) => {
  const { reconcile, commits } = start(containerWith(RUNNING), vmOn('node-2'));
  await reconcile();
  const [{ status, events } = { status: {}, events: [] }] = commits;
  t.like(status, {
    nodeName: 'node-2',
    phase: 'Pending',
    ready: false,
    restartCount: 3,
    address: '10.89.0.10',
  });
  t.is(status.containerId, undefined);
  t.is(status.vmId, undefined);
  t.deepEqual(
    events.map(({ type, reason, message }) => `${type} ${reason}: ${message}`),
    ['Normal UserVmNotReady: UserVM alice moved from node node-1 to node-2'],
  );
});

test('without a VM, or a placed one, it is on no node and says why, once', async (t) => {
  const gone = start(containerWith(RUNNING), undefined);
  await gone.reconcile();
  const [told] = gone.commits;
  t.is(readyReason(told?.status), 'UserVmNotFound');
  t.is(told?.status.nodeName, undefined);
  t.is(told?.events[0]?.type, 'Warning');
  const again = start(containerWith(told?.status), undefined);
  await again.reconcile();
  t.deepEqual(again.commits[0]?.events, []);
  const waiting = start(containerWith(undefined), vmOn(undefined));
  await waiting.reconcile();
  t.is(readyReason(waiting.commits[0]?.status), 'UserVmNotReady');
});

test('a cache that is behind takes no container away from its node', async (t) => {
  for (const cached of [undefined, vmOn(undefined)]) {
    const { reconcile, commits, released, asked } = start(
      containerWith(RUNNING, { deletionTimestamp: 'now', finalizers: ['holt.dev/container'] }),
      cached,
      vmOn('node-1'),
    );
    await reconcile();
    t.deepEqual([commits, released, asked], [[], [], ['team/alice']]);
  }
});

test('without an answer about its VM nothing is written', async (t) => {
  const run = start(containerWith(RUNNING, { deletionTimestamp: 'now' }), undefined);
  const failing = new ContainerBindingReconciler({
    containers: { get: () => containerWith(RUNNING) } as never,
    vms: { get: () => undefined } as never,
    clock: new TestClock(),
    getVm: () => Promise.reject(new ApiError('GET', { code: 503, reason: 'ServiceUnavailable' })),
    commit: async () => t.fail(),
    release: async () => t.fail(),
  });
  const signal = new AbortController().signal;
  await t.throwsAsync(failing.reconcile({ namespace: 'team', name: 'live' }, { signal }));
  await run.reconcile();
  t.deepEqual(run.released, ['live']);
});

test('deleted, it is released here only where no node has it', async (t) => {
  const leaving = containerWith(RUNNING, { deletionTimestamp: 'now', finalizers: ['holt.dev/container'] });
  const orphaned = start(leaving, undefined);
  await orphaned.reconcile();
  t.deepEqual([orphaned.released, orphaned.commits], [['live'], []]);
  const owned = start(leaving, vmOn('node-1'));
  await owned.reconcile();
  t.deepEqual([owned.released, owned.commits], [[], []]);
});
