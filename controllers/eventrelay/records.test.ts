import test from 'ava';
import type { Event } from '../../crds/event/definition.ts';
import type { Stored } from '../../crds/meta/meta.ts';
import { recordOfChange, recordOfGap, recordOfListed } from './records.ts';

const context = { source: '/holt/store' };
const created = '2026-01-01T00:00:00Z';

type Fields = Pick<Partial<Event>, 'reason' | 'count' | 'series' | 'lastTimestamp' | 'eventTime'> & {
  involvedObject?: Event['involvedObject'];
};

const event = (fields: Fields = {}, annotations?: Record<string, string>): Stored<Event> => ({
  apiVersion: 'v1',
  kind: 'Event',
  metadata: {
    namespace: 'team',
    name: 'alice.1',
    uid: 'u1',
    resourceVersion: '42',
    creationTimestamp: created,
    managedFields: [{ manager: 'holt-node' }],
    ...(annotations === undefined ? {} : { annotations }),
  },
  involvedObject: { kind: 'UserVM', name: 'alice', namespace: 'team' },
  ...fields,
});

test('a record is a CloudEvent with the whole Event, without who owns its fields', (t) => {
  const made = event({ reason: 'Booted' }, { 'holt.dev/traceparent': '00-a-b-01' });
  const { managedFields: _, ...metadata } = made.metadata;
  t.deepEqual(recordOfChange(context, 'ADDED', made), {
    specversion: '1.0',
    id: 'u1.42',
    source: '/holt/store',
    type: 'dev.holt.event.added',
    subject: 'team/UserVM/alice',
    time: created,
    datacontenttype: 'application/json',
    resourceversion: '42',
    traceparent: '00-a-b-01',
    data: { ...made, metadata },
  });
});

test('the last occurrence is its time, whichever field tells it', (t) => {
  const times = (fields: Fields) => recordOfChange(context, 'MODIFIED', event(fields)).time;
  t.is(times({ lastTimestamp: '2026-01-02T00:00:00Z', eventTime: created }), '2026-01-02T00:00:00Z');
  t.is(
    times({ lastTimestamp: null, eventTime: '2026-01-03T00:00:00.000001Z' }),
    '2026-01-03T00:00:00.000001Z',
  );
  t.is(
    times({ series: { lastObservedTime: '2026-01-04T00:00:00Z' }, eventTime: created }),
    '2026-01-04T00:00:00Z',
  );
});

test('an Event about what is in no namespace is told with its own', (t) => {
  t.is(
    recordOfChange(context, 'ADDED', event({ involvedObject: { kind: 'Node', name: 'n' } })).subject,
    'team/Node/n',
  );
});

test('of a list, the count tells whether it is new', (t) => {
  t.like(recordOfListed(context, event({ count: 1 })), { type: 'dev.holt.event.added', caughtup: true });
  t.like(recordOfListed(context, event({ count: 3 })), { type: 'dev.holt.event.modified', caughtup: true });
  t.like(recordOfListed(context, event({ series: { count: 2 } })), { type: 'dev.holt.event.modified' });
});

test('a gap names its revisions and its reason; a start is no gap', (t) => {
  t.like(recordOfGap(context, { reason: 'Compacted', from: 7, to: 12 }, 0), {
    id: 'gap.7.12',
    type: 'dev.holt.stream.gap',
    resourceversion: '7',
    data: { reason: 'Compacted', from: 7, to: 12 },
  });
  t.like(recordOfGap(context, { reason: 'NoCursor', from: undefined, to: 12 }, 0), {
    id: 'start.0.12',
    type: 'dev.holt.stream.started',
    resourceversion: '0',
  });
});
