import test from 'ava';
import { classify } from './classify.ts';
import { PriorityLevel, type Release } from './priority-level.ts';

const LIMITS = { seats: 1, queues: 8, queueLength: 2, handSize: 2, waitMs: 60_000 };
const never = new AbortController().signal;

function seat(result: unknown): Release {
  if (typeof result !== 'function') throw new Error(`no seat: ${String(result)}`);
  return () => result();
}

test('flows take turns: one with many requests does not keep another waiting behind all of them', async (t) => {
  const level = new PriorityLevel(LIMITS);
  const first = seat(await level.acquire('greedy', never));
  const order: string[] = [];
  const ask = async (flow: string) => {
    const release = seat(await level.acquire(flow, never));
    order.push(flow);
    release();
  };
  const asked = [ask('greedy'), ask('greedy'), ask('greedy'), ask('greedy'), ask('modest')];
  t.is(level.waiting, 5);
  first();
  await Promise.all(asked);
  t.true(order.indexOf('modest') < 4, order.join());
  t.is(level.executing, 0);
});

test('a full queue turns requests of its flow away, and no other’s', async (t) => {
  const level = new PriorityLevel(LIMITS);
  const first = seat(await level.acquire('greedy', never));
  const waiting = [1, 2, 3, 4].map(() => level.acquire('greedy', never));
  t.is(await level.acquire('greedy', never), 'queue-full');
  const others = ['a', 'b', 'c', 'd'].map((flow) => level.acquire(flow, never));
  t.true(level.waiting > 4);
  first();
  for (const one of [...waiting, ...others])
    void one.then((result) => typeof result === 'function' && result());
  await Promise.all([...waiting, ...others]);
  t.is(level.executing, 0);
});

test('who waits too long, or goes away, leaves its queue; a seat is given back once', async (t) => {
  const level = new PriorityLevel({ ...LIMITS, waitMs: 1 });
  const first = seat(await level.acquire('a', never));
  t.is(await level.acquire('a', never), 'time-out');
  const patient = new PriorityLevel(LIMITS);
  const held = seat(await patient.acquire('a', never));
  const gone = new AbortController();
  const waiting = patient.acquire('a', gone.signal);
  gone.abort();
  t.is(await waiting, 'time-out');
  t.is(patient.waiting, 0);
  held();
  held();
  t.is(patient.executing, 0);
  first();
});

test('each request has its level', (t) => {
  const info = {
    group: 'holt.dev',
    version: 'v1',
    resource: 'uservms',
    subresource: '',
    namespace: '',
    name: '',
  };
  const level = (groups: readonly string[] | undefined, more: object = {}) =>
    classify(groups === undefined ? undefined : { name: 'x', groups }, {
      ...info,
      verb: 'get',
      path: '/apis',
      isResource: true,
      ...more,
    }).level;
  const lease = { group: 'coordination.k8s.io', resource: 'leases' };
  t.is(level(undefined, { path: '/livez' }), 'exempt');
  t.is(level(['system:masters']), 'exempt');
  t.is(level(['system:nodes'], lease), 'node-high');
  t.is(level(['system:nodes']), 'workload-high');
  t.is(level(['holt:components'], lease), 'node-high');
  t.is(level(['system:serviceaccounts', 'system:serviceaccounts:kube-system']), 'workload-high');
  t.is(level(['system:serviceaccounts', 'system:authenticated']), 'workload-low');
  t.is(level(['system:authenticated'], lease), 'global-default');
  t.is(level([]), 'catch-all');
});
