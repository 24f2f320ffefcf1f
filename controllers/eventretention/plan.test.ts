import test from 'ava';
import { pino } from 'pino';
import type { Event } from '../../crds/event/definition.ts';
import type { Stored } from '../../crds/meta/meta.ts';
import { planRetention, RETENTION_MS, UNRELAYED_RETENTION_MS } from './plan.ts';
import { EventRetentionReconciler } from './reconcile.ts';

const nowMs = Date.UTC(2026, 0, 1);
const ago = (ms: number) => new Date(nowMs - ms).toISOString();
const event = (
  name: string,
  fields: Pick<Partial<Event>, 'firstTimestamp' | 'lastTimestamp' | 'eventTime' | 'series'>,
  createdAgoMs = 10 * RETENTION_MS,
): Stored<Event> => ({
  apiVersion: 'v1',
  kind: 'Event',
  metadata: {
    namespace: 'team',
    name,
    uid: name,
    resourceVersion: '1',
    creationTimestamp: ago(createdAgoMs),
  },
  involvedObject: {},
  ...fields,
});

test('the last occurrence counts, whichever field tells it', (t) => {
  const old = ago(RETENTION_MS + 1);
  const recent = ago(RETENTION_MS - 1);
  const events = [
    event('old', { firstTimestamp: old, lastTimestamp: old }),
    event('counted-up', { firstTimestamp: old, lastTimestamp: recent }),
    event('series', { eventTime: old, series: { lastObservedTime: recent } }),
    event('new-style', { lastTimestamp: null, eventTime: recent }),
    event('only-created', {}),
    { ...event('timeless', {}), metadata: { name: 'timeless', uid: 't', resourceVersion: '1' } },
  ];
  t.deepEqual(
    planRetention(events, nowMs, Number.POSITIVE_INFINITY).toDelete.map(({ metadata }) => metadata.name),
    ['old', 'only-created'],
  );
});

test('what is not relayed yet is held, but not for ever', (t) => {
  const at = (name: string, revision: number, ageMs: number) => {
    const made = event(name, { lastTimestamp: ago(ageMs) });
    return { ...made, metadata: { ...made.metadata, resourceVersion: String(revision) } };
  };
  const plan = planRetention(
    [
      at('relayed', 10, RETENTION_MS + 1),
      at('waiting', 11, RETENTION_MS + 1),
      at('at-the-bound', 12, UNRELAYED_RETENTION_MS),
      at('beyond', 13, UNRELAYED_RETENTION_MS + 1),
      at('recent', 14, 0),
    ],
    nowMs,
    10,
  );
  const names = (events: readonly Stored<Event>[]) => events.map(({ metadata }) => metadata.name);
  t.deepEqual(names(plan.toDelete), ['relayed', 'beyond']);
  t.deepEqual(names(plan.held), ['waiting', 'at-the-bound']);
  t.is(plan.givenUpCount, 1);
});

test('Events that wait for the relay are looked at again soon, and then at the usual pace', async (t) => {
  const deleted: string[] = [];
  let relayed = 0;
  const reconciler = new EventRetentionReconciler({
    clock: { nowMs: () => nowMs, monotonicMs: () => 0, sleep: async () => {} },
    logger: pino({ level: 'silent' }),
    relayedRevision: async () => relayed,
    client: {
      list: async () =>
        ({ items: [event('a', { lastTimestamp: ago(RETENTION_MS + 1) })], resourceVersion: '1' }) as never,
      delete: async (_definition, { name }) => void deleted.push(name),
    },
  });
  const { signal } = new AbortController();
  t.is((await reconciler.reconcile({}, { signal })).requeueAfterMs, 5_000);
  t.is((await reconciler.reconcile({}, { signal })).requeueAfterMs, 60_000);
  t.deepEqual(deleted, []);
  relayed = 1;
  t.is((await reconciler.reconcile({}, { signal })).requeueAfterMs, 60_000);
  t.deepEqual(deleted, ['a']);
});

test('sweeps page by page, with preconditions', async (t) => {
  const pages = [[event('a', {}), event('b', { lastTimestamp: ago(0) })], [event('c', {})]];
  const deleted: unknown[] = [];
  const reconciler = new EventRetentionReconciler({
    clock: { nowMs: () => nowMs, monotonicMs: () => 0, sleep: async () => {} },
    logger: pino({ level: 'silent' }),
    relayedRevision: async () => Number.POSITIVE_INFINITY,
    client: {
      list: async (_definition, options) => {
        const index = Number(options?.continueToken ?? 0);
        const continueToken = index + 1 < pages.length ? String(index + 1) : undefined;
        return { items: pages[index] ?? [], resourceVersion: '1', continueToken } as never;
      },
      delete: async (_definition, name, options) => {
        deleted.push([name.name, options?.uid, options?.resourceVersion]);
      },
    },
  });
  const result = await reconciler.reconcile({}, { signal: new AbortController().signal });
  t.deepEqual(deleted, [
    ['a', 'a', '1'],
    ['c', 'c', '1'],
  ]);
  t.is(result.requeueAfterMs, 60_000);
});
