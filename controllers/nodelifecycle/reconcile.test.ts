import test from 'ava';
import fc from 'fast-check';
import { ApiError, ApiUnreachableError } from '../../api/client/index.ts';
import { Indexer } from '../../api/client/indexer.ts';
import type { Lease } from '../../crds/lease/definition.ts';
import type { Stored } from '../../crds/meta/meta.ts';
import { NODE_LEASE_NAMESPACE, type Node } from '../../crds/node/definition.ts';
import { TestClock } from '../runtime/testing/test-clock.ts';
import { CONFIRM_MS, GRACE_MS, planHealth, SUSPECT_MS } from './plan.ts';
import { NodeLifecycleReconciler } from './reconcile.ts';

const lease = (version: number): Stored<Lease> => ({
  apiVersion: 'coordination.k8s.io/v1',
  kind: 'Lease',
  metadata: { namespace: NODE_LEASE_NAMESPACE, name: 'node-1', uid: 'l', resourceVersion: String(version) },
  spec: { holderIdentity: 'node-1' },
});

function start() {
  const nodes = new Indexer<Node>();
  const leases = new Indexer<Lease>();
  const clock = new TestClock();
  const state = { live: lease(1) as Stored<Lease> | undefined, isApiAway: false, version: 1, asked: 0 };
  const verdicts: string[] = [];
  nodes.set({
    apiVersion: 'v1',
    kind: 'Node',
    metadata: { name: 'node-1', uid: 'n', resourceVersion: '1' },
    status: {
      conditions: [
        { type: 'DiskPressure', status: 'False' },
        { type: 'Ready', status: 'True', reason: 'Up' },
      ],
    },
  });
  leases.set(lease(1));
  const reconciler = new NodeLifecycleReconciler({
    nodes: nodes,
    leases,
    clock,
    getLease: async () => {
      state.asked += 1;
      if (state.isApiAway) throw new ApiUnreachableError('GET lease', new Error('refused'));
      if (state.live === undefined) throw new ApiError('GET lease', { code: 404, reason: 'NotFound' });
      return state.live;
    },
    commit: async (node, status, events) => {
      const ready = status.conditions?.find((condition) => condition.type === 'Ready');
      verdicts.push(`${ready?.status} ${events[0]?.type} ${events[0]?.reason}`);
      nodes.set({
        ...node,
        metadata: { ...node.metadata, resourceVersion: `${Number(node.metadata.resourceVersion) + 1}` },
        status,
      });
    },
  });
  /** Runs the controller for a while, as its queue would. */
  const run = async (durationMs: number) => {
    const endMs = clock.monotonicMs() + durationMs;
    while (clock.monotonicMs() < endMs) {
      const context = { signal: new AbortController().signal };
      const result = await reconciler
        .reconcile({ namespace: '', name: 'node-1' }, context)
        .catch(() => ({ requeueAfterMs: 500 }));
      await clock.advance(Math.min(result.requeueAfterMs ?? durationMs, endMs - clock.monotonicMs()));
    }
  };
  const renew = () => {
    state.version += 1;
    state.live = lease(state.version);
    leases.set(state.live);
  };
  return { nodes, leases, clock, state, verdicts, run, renew };
}

test('a node that stops to renew becomes Unknown after 40 s, and is back with its next renewal', async (t) => {
  const { nodes, verdicts, run, renew } = start();
  for (let turn = 0; turn < 6; turn += 1) {
    renew();
    await run(10_000);
  }
  t.deepEqual(verdicts, []);
  await run(29_000);
  t.deepEqual(verdicts, []);
  await run(3_000);
  t.deepEqual(verdicts, ['Unknown Warning NodeStatusUnknown']);
  await run(120_000);
  t.is(verdicts.length, 1);
  renew();
  await run(1_000);
  t.deepEqual(verdicts, ['Unknown Warning NodeStatusUnknown', 'True Normal NodeReady']);
  t.deepEqual(
    nodes.get('', 'node-1')?.status?.conditions?.map(({ type }) => type),
    ['DiskPressure', 'Ready'],
  );
});

test('an API server that was away makes no node look lost', async (t) => {
  const { state, verdicts, run, renew } = start();
  await run(5_000);
  state.isApiAway = true;
  await run(120_000);
  state.isApiAway = false;
  await run(5_000);
  renew();
  await run(20_000);
  t.deepEqual(verdicts, []);
  t.true(state.asked > 10);
});

test('a cache that lags makes no node look lost', async (t) => {
  const { state, verdicts, run } = start();
  await run(20_000);
  for (let turn = 0; turn < 10; turn += 1) {
    state.version += 1;
    state.live = lease(state.version);
    await run(10_000);
  }
  t.deepEqual(verdicts, []);
});

test('a Node that never had a Lease becomes Unknown too', async (t) => {
  const { leases, state, verdicts, run } = start();
  state.live = undefined;
  leases.delete(`${NODE_LEASE_NAMESPACE}/node-1`);
  await run(45_000);
  t.deepEqual(verdicts, ['Unknown Warning NodeStatusUnknown']);
});

test('a node is given up only when overdue and confirmed, and every wait is a real one', (t) => {
  const age = fc.integer({ min: 0, max: 100_000 });
  fc.assert(
    fc.property(
      age,
      fc.option(age, { nil: undefined }),
      fc.boolean(),
      (leaseAgeMs, confirmedForMs, isMarkedUnknown) => {
        const plan = planHealth({ leaseAgeMs, confirmedForMs, isMarkedUnknown });
        if (plan.action === 'wait') return plan.delayMs > 0;
        if (plan.action === 'markReady') return isMarkedUnknown && leaseAgeMs < SUSPECT_MS;
        return !isMarkedUnknown && leaseAgeMs >= GRACE_MS && (confirmedForMs ?? 0) >= CONFIRM_MS;
      },
    ),
  );
  t.pass();
});
