import test from 'ava';
import { ApiError, ApiUnreachableError, keyOf } from '../../api/client/index.ts';
import { Indexer } from '../../api/client/indexer.ts';
import type { Stored } from '../../crds/meta/meta.ts';
import type { LifecycleEvent } from '../../crds/meta/status-commit.ts';
import type { Node } from '../../crds/node/definition.ts';
import type { UserVm, UserVmStatus } from '../../crds/uservm/definition.ts';
import { TestClock } from '../runtime/testing/test-clock.ts';
import { userVmIndexers } from './controller.ts';
import { PlacementReconciler, unplaced } from './reconcile.ts';
import { changesPlacement } from './usage.ts';

const node = (name: string, memory: string, ready: 'True' | 'Unknown' = 'True'): Stored<Node> => ({
  apiVersion: 'v1',
  kind: 'Node',
  metadata: { name, uid: `node-${name}`, resourceVersion: '1' },
  status: { allocatable: { cpu: 2, memory }, conditions: [{ type: 'Ready', status: ready }] },
});

const vm = (name: string, memory = '1Gi', status?: UserVmStatus): Stored<UserVm> => ({
  apiVersion: 'holt.dev/v1alpha1',
  kind: 'UserVM',
  metadata: { namespace: 'team', name, uid: `vm-${name}`, resourceVersion: '1', generation: 1 },
  spec: {
    user: name,
    powerState: 'Running',
    cpus: 1,
    memory,
    guestImage: 'default',
    dataVolume: { size: '4Gi' },
  },
  ...(status === undefined ? {} : { status }),
});

function start(nodes: Stored<Node>[], vms: Stored<UserVm>[]) {
  const nodeCache = new Indexer<Node>();
  const vmCache = new Indexer<UserVm>(userVmIndexers);
  for (const each of nodes) nodeCache.set(each);
  for (const each of vms) vmCache.set(each);
  const clock = new TestClock();
  const state: { failure: Error | undefined } = { failure: undefined };
  const commits: Array<{ key: string; status: UserVmStatus; events: readonly LifecycleEvent[] }> = [];
  const reconciler = new PlacementReconciler({
    vms: vmCache,
    nodes: nodeCache,
    clock,
    commit: async (object, status, events) => {
      commits.push({ key: keyOf(object), status, events });
      if (state.failure !== undefined) throw state.failure;
    },
  });
  const reconcile = (name: string) =>
    reconciler.reconcile({ namespace: 'team', name }, { signal: new AbortController().signal });
  return { nodeCache, vmCache, clock, commits, state, reconcile };
}

test('binds a VM: node, phase, condition, first lifecycle step, event', async (t) => {
  const { commits, reconcile } = start([node('node-1', '4Gi')], [vm('alice')]);
  await reconcile('alice');
  t.like(commits[0]?.status, { nodeName: 'node-1', phase: 'Scheduled', observedGeneration: 1 });
  t.like(commits[0]?.status.conditions?.[0], { type: 'Scheduled', status: 'True', reason: 'Scheduled' });
  t.deepEqual(commits[0]?.status.lifecycle, [
    { name: 'scheduled', at: '2026-01-01T00:00:00.000Z', durationMs: 0 },
  ]);
  t.deepEqual(
    commits[0]?.events.map((event) => `${event.type} ${event.reason}: ${event.message}`),
    ['Normal Scheduled: placed on node-1'],
  );
});

test('a binding that the cache does not show yet still counts', async (t) => {
  const { commits, reconcile } = start([node('node-1', '1Gi')], [vm('alice'), vm('bob')]);
  await reconcile('alice');
  await reconcile('bob');
  await reconcile('alice');
  t.deepEqual(
    commits.map(({ key, status }) => `${key} ${status.phase}`),
    ['team/alice Scheduled', 'team/bob Pending'],
  );
});

test('a commit without an answer counts, and is tried again; one that was refused does not count', async (t) => {
  const { commits, state, reconcile } = start([node('node-1', '1Gi')], [vm('alice'), vm('bob')]);
  state.failure = new ApiUnreachableError('POST commit', new Error('cut'));
  await t.throwsAsync(reconcile('alice'));
  state.failure = undefined;
  await reconcile('bob');
  t.is(commits[1]?.status.phase, 'Pending');
  state.failure = new ApiError('POST commit', { code: 409, reason: 'Conflict' });
  await t.throwsAsync(reconcile('alice'));
  t.is(commits[2]?.status.nodeName, 'node-1');
  state.failure = undefined;
  await reconcile('bob');
  t.is(commits[3]?.status.nodeName, 'node-1');
});

test('a VM that waited is placed when another goes; the step says how long it took', async (t) => {
  const bound = vm('alice', '1Gi', { nodeName: 'node-1' });
  const { vmCache, clock, commits, reconcile } = start([node('node-1', '1Gi')], [bound, vm('bob')]);
  await reconcile('bob');
  t.like(commits[0]?.status.conditions?.[0], { status: 'False', reason: 'InsufficientCapacity' });
  vmCache.delete('team/alice');
  await clock.advance(1_500);
  await reconcile('bob');
  t.is(commits[1]?.status.nodeName, 'node-1');
  t.is(commits[1]?.status.lifecycle?.[0]?.durationMs, 1_500);
});

test('the same failure again is no news', async (t) => {
  const { vmCache, commits, reconcile } = start([], [vm('alice')]);
  await reconcile('alice');
  t.is(commits[0]?.events.length, 1);
  vmCache.set(vm('alice', '1Gi', commits[0]?.status));
  await reconcile('alice');
  t.is(commits[1]?.events.length, 0);
  t.deepEqual(commits[1]?.status, commits[0]?.status);
});

test('bound, leaving and missing VMs are let be', async (t) => {
  const leaving = vm('carol');
  leaving.metadata.deletionTimestamp = '2026-01-01T00:00:00Z';
  const { vmCache, commits, reconcile } = start(
    [node('node-1', '8Gi')],
    [vm('bob', '1Gi', { nodeName: 'gone' }), leaving],
  );
  for (const name of ['bob', 'carol', 'nobody']) await reconcile(name);
  t.is(commits.length, 0);
  t.deepEqual(unplaced(vmCache).map(keyOf), ['team/carol']);
});

test('heartbeats of a node wake nobody, readiness and room do', (t) => {
  const before = node('node-1', '4Gi');
  const heartbeat = structuredClone(before);
  heartbeat.metadata.resourceVersion = '2';
  t.false(changesPlacement(before, heartbeat));
  t.true(changesPlacement(before, node('node-1', '8Gi')));
  t.true(changesPlacement(before, node('node-1', '4Gi', 'Unknown')));
  t.true(changesPlacement(undefined, before));
});
