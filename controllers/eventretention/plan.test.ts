import test from 'ava';
import type { Event } from '../../crds/event/definition.ts';
import type { Stored } from '../../crds/meta/meta.ts';
import { planRetention, RETENTION_MS } from './plan.ts';
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
    planRetention(events, nowMs).map(({ metadata }) => metadata.name),
    ['old', 'only-created'],
  );
});

test('sweeps page by page, with preconditions', async (t) => {
  const pages = [[event('a', {}), event('b', { lastTimestamp: ago(0) })], [event('c', {})]];
  const deleted: unknown[] = [];
  const reconciler = new EventRetentionReconciler({
    clock: { nowMs: () => nowMs, monotonicMs: () => 0, sleep: async () => {} },
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
