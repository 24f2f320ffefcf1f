import test from 'ava';
import { pino } from 'pino';
import { Registry } from 'prom-client';
import { ApiError } from '../../api/client/index.ts';
import { startController } from './controller.ts';
import { createControllerMetrics } from './controller-metrics.ts';
import { StallingError, TerminalError, WaitingError } from './errors.ts';
import type { ReconcileResult } from './reconciler.ts';
import { settle, TestClock } from './testing/test-clock.ts';

type Step = () => Promise<ReconcileResult> | ReconcileResult;

function start(steps: Step[], workers = 2) {
  const clock = new TestClock();
  const registry = new Registry();
  const calledAtMs: number[] = [];
  const synced = Promise.withResolvers<void>();
  let enqueue: (key: string) => void = () => {};
  const controller = startController({
    name: 'thing',
    clock,
    workers,
    logger: pino({ level: 'silent' }),
    metrics: createControllerMetrics(registry),
    sources: [
      {
        whenSynced: () => synced.promise,
        connect: (add) => {
          enqueue = add;
          return () => {};
        },
      },
    ],
    reconciler: {
      reconcile: async (_request, { signal }) => {
        calledAtMs.push(clock.monotonicMs());
        signal.throwIfAborted();
        return (await steps.shift()?.()) ?? {};
      },
    },
  });
  return { clock, controller, registry, calledAtMs, synced, enqueue: (key: string) => enqueue(key) };
}

const fail =
  (error: Error): Step =>
  () => {
    throw error;
  };
const conflict = new ApiError('PUT x', { code: 409, reason: 'Conflict' });

test('works on nothing before the sources synced', async (t) => {
  const { clock, calledAtMs, synced, enqueue, controller } = start([]);
  enqueue('ns/a');
  await clock.advance(100);
  t.is(calledAtMs.length, 0);
  synced.resolve();
  await settle();
  t.is(calledAtMs.length, 1);
  await controller.stop();
});

const policies: Array<[string, Step[], number[], string]> = [
  ['success is not repeated', [() => ({})], [0], 'success'],
  ['requeueAfterMs', [() => ({ requeueAfterMs: 30 })], [0, 30], 'requeue'],
  [
    'a waiting error, at its own time',
    [fail(new WaitingError('w', { reason: 'W', requeueAfterMs: 70 }))],
    [0, 70],
    'waiting',
  ],
  [
    'a stalling error, seldom',
    [fail(new StallingError('s', { reason: 'S', retryAfterMs: 90 }))],
    [0, 90],
    'stalled',
  ],
  ['a terminal error, never', [fail(new TerminalError('t', { reason: 'T' }))], [0], 'terminal'],
  ['a conflict, with back-off', [fail(conflict), fail(conflict)], [0, 5, 15], 'conflict'],
  [
    'any other error, with back-off',
    [fail(new Error('e')), fail(new Error('e')), fail(new Error('e'))],
    [0, 5, 15, 35],
    'error',
  ],
];
for (const [title, steps, expectedMs, outcome] of policies) {
  test(`retries: ${title}`, async (t) => {
    const { clock, calledAtMs, synced, enqueue, registry, controller } = start(steps);
    synced.resolve();
    enqueue('ns/a');
    await clock.advance(200);
    t.deepEqual(calledAtMs, expectedMs);
    t.regex(
      await registry.metrics(),
      new RegExp(`reconciles_total\\{controller="thing",outcome="${outcome}"\\}`),
    );
    await controller.stop();
  });
}

test('success ends the back-off', async (t) => {
  const { clock, calledAtMs, synced, enqueue, controller } = start([
    fail(new Error('e')),
    fail(new Error('e')),
    () => ({}),
    fail(new Error('e')),
  ]);
  synced.resolve();
  enqueue('ns/a');
  await clock.advance(100);
  enqueue('ns/a');
  await clock.advance(100);
  t.deepEqual(calledAtMs, [0, 5, 15, 100, 105]);
  await controller.stop();
});

test('stop waits for the running reconcile and starts none', async (t) => {
  const gate = Promise.withResolvers<ReconcileResult>();
  const { calledAtMs, synced, enqueue, controller } = start([() => gate.promise], 1);
  synced.resolve();
  enqueue('ns/a');
  enqueue('ns/b');
  await settle();
  let isStopped = false;
  const stopping = controller.stop().then(() => {
    isStopped = true;
  });
  await settle();
  t.false(isStopped);
  gate.resolve({});
  await stopping;
  t.is(calledAtMs.length, 1);
});
