import test from 'ava';
import { ApiError } from '../../api/client/index.ts';
import { type SandboxContainer, sandboxContainerSpecSchema } from '../../crds/sandboxcontainer/definition.ts';
import { FakeStore } from '../sandboxcontainer/testing/fake-store.ts';
import { planRetention } from './plan.ts';
import { JobRetentionReconciler } from './reconcile.ts';

const endMs = Date.UTC(2026, 0, 1);

function job(ttlSecondsAfterFinished: number | undefined, outcome?: 'Complete' | 'Failed') {
  const lastTransitionTime = new Date(endMs).toISOString();
  const ended = {
    type: outcome ?? '',
    status: 'True' as const,
    reason: 'R',
    message: '',
    lastTransitionTime,
  };
  const object: SandboxContainer = {
    apiVersion: 'holt.dev/v1alpha1',
    kind: 'SandboxContainer',
    metadata: { namespace: 'team', name: 'task' },
    spec: sandboxContainerSpecSchema.parse({
      vmRef: { name: 'alice' },
      role: 'job',
      restartPolicy: 'Never',
      source: { closure: '/opt/x' },
      command: ['/x'],
      job: { ttlSecondsAfterFinished },
    }),
    status: { conditions: outcome === undefined ? [] : [ended] },
  };
  return object;
}

test('a job goes so long after it finished, however it finished', (t) => {
  for (const outcome of ['Complete', 'Failed'] as const) {
    t.deepEqual(planRetention(job(60, outcome), endMs + 59_000), { action: 'wait', dueInMs: 1_000 });
    t.deepEqual(planRetention(job(60, outcome), endMs + 60_000), { action: 'delete' });
    t.deepEqual(planRetention(job(0, outcome), endMs), { action: 'delete' });
  }
});

test('what is not finished, has no lifetime or goes already is left alone', (t) => {
  const none = { action: 'none' };
  t.deepEqual(planRetention(job(0), endMs), none);
  t.deepEqual(planRetention(job(undefined, 'Complete'), endMs + 1e12), none);
  const leaving = job(0, 'Complete');
  leaving.metadata.deletionTimestamp = new Date(endMs).toISOString();
  t.deepEqual(planRetention(leaving, endMs), none);
  const service = job(0, 'Complete');
  t.deepEqual(planRetention({ ...service, spec: { ...service.spec, role: 'live' } }, endMs), none);
});

test('it is deleted as it was read, and looked at again where it changed meanwhile', async (t) => {
  const containers = new FakeStore<SandboxContainer>();
  const { metadata, ...rest } = job(60, 'Complete');
  containers.put({ ...rest, metadata: { ...metadata, name: 'task', uid: 'u1', resourceVersion: '' } });
  let nowMs = endMs;
  const calls: unknown[] = [];
  let answer: Error | undefined;
  const reconciler = new JobRetentionReconciler({
    containers,
    clock: { nowMs: () => nowMs },
    client: {
      delete: async (_definition, { name }, options) => {
        calls.push([name, options?.uid, options?.resourceVersion]);
        if (answer !== undefined) throw answer;
        return undefined as never;
      },
    },
  });
  const pass = () =>
    reconciler.reconcile({ namespace: 'team', name: 'task' }, { signal: new AbortController().signal });
  t.deepEqual(await pass(), { requeueAfterMs: 60_000 });
  t.deepEqual(calls, []);
  nowMs += 60_000;
  answer = new ApiError('delete', { code: 409, reason: 'Conflict' });
  await t.throwsAsync(pass);
  answer = new ApiError('delete', { code: 404, reason: 'NotFound' });
  t.deepEqual(await pass(), {});
  t.deepEqual(calls, [
    ['task', 'u1', '1'],
    ['task', 'u1', '1'],
  ]);
});
