import test from 'ava';
import { eventDefinition } from '../../../crds/event/definition.ts';
import { userVmDefinition } from '../../../crds/uservm/definition.ts';
import { toTable } from './table.ts';

const nowMs = Date.parse('2026-01-04T02:00:00Z');

const alice = {
  apiVersion: 'holt.dev/v1alpha1',
  kind: 'UserVM',
  metadata: { name: 'alice', creationTimestamp: '2026-01-01T00:00:00Z' },
  spec: { user: 'alice' },
  status: { phase: 'Running', vmmPid: 7, conditions: [{ type: 'Ready', status: 'True' }] },
};

test('a row has the name first, then the columns of the kind, ages for people', (t) => {
  const table = toTable(userVmDefinition, [alice], { includeObject: 'None', nowMs });
  t.deepEqual(
    table.columnDefinitions.map(({ name, priority }) => `${name} ${priority}`),
    [
      ...['Name 0', 'User 0', 'Phase 0', 'Ready 0', 'Node 0', 'IP 1', 'VMM-PID 1', 'Image 1', 'Desired 1'],
      'Age 0',
    ],
  );
  t.deepEqual(table.rows, [
    { cells: ['alice', 'alice', 'Running', 'True', null, null, 7, null, null, '3d2h'] },
  ]);
});

test('list metadata and as much of the object as was asked for', (t) => {
  const listMeta = { resourceVersion: '9', continue: 'more', remainingItemCount: 3 };
  t.deepEqual(toTable(userVmDefinition, [], { listMeta, includeObject: 'None', nowMs }).metadata, listMeta);
  const [whole] = toTable(userVmDefinition, [alice], { includeObject: 'Object', nowMs }).rows;
  t.deepEqual(whole?.object, alice);
  const [partial] = toTable(userVmDefinition, [alice], { includeObject: 'Metadata', nowMs }).rows;
  t.deepEqual(partial?.object, {
    kind: 'PartialObjectMetadata',
    apiVersion: 'meta.k8s.io/v1',
    metadata: alice.metadata,
  });
});

test('a time that an object does not have is an empty cell, as upstream', (t) => {
  const nameless = { apiVersion: 'v1', kind: 'UserVM', metadata: {} };
  t.is(toTable(userVmDefinition, [nameless], { includeObject: 'None', nowMs }).rows[0]?.cells.at(-1), null);
});

test('events are printed as kubectl users know them', (t) => {
  const event = {
    apiVersion: 'v1',
    kind: 'Event',
    metadata: { name: 'alice.1', creationTimestamp: '2026-01-04T01:00:00Z' },
    involvedObject: { kind: 'UserVM', name: 'alice' },
    type: 'Normal',
    reason: 'Booted',
    message: 'The guest runs\n',
    count: 2,
    firstTimestamp: '2026-01-04T01:00:00Z',
    lastTimestamp: '2026-01-04T01:59:30Z',
    reportingComponent: 'holt-node',
    reportingInstance: 'node-1',
  };
  const { columnDefinitions, rows } = toTable(eventDefinition, [event], { includeObject: 'None', nowMs });
  const shown = Object.fromEntries(columnDefinitions.map(({ name }, index) => [name, rows[0]?.cells[index]]));
  t.deepEqual(shown, {
    'Last Seen': '30s',
    Type: 'Normal',
    Reason: 'Booted',
    Object: 'uservm/alice',
    Subobject: '',
    Source: 'holt-node, node-1',
    Message: 'The guest runs',
    'First Seen': '60m',
    Count: 2,
    Name: 'alice.1',
  });
});
