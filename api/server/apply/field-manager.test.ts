import test from 'ava';
import type { StructuralSchema } from '../../../crds/generate/structural-schema.ts';
import type { ApiObject, ObjectMeta } from '../../../crds/meta/meta.ts';
import { applyConfig, type FieldWriter, managedAfterUpdate } from './field-manager.ts';
import { LAST_APPLIED_ANNOTATION } from './last-applied.ts';
import type { ManagedFieldsEntry } from './managed-entries.ts';

const type: StructuralSchema = {
  type: 'object',
  properties: {
    metadata: { type: 'object', 'x-kubernetes-preserve-unknown-fields': true },
    spec: { type: 'object', properties: { a: { type: 'string' }, b: { type: 'string' } } },
  },
};

const at = (second: number) => `2026-01-01T00:00:0${second}Z`;

function writer(
  manager: string,
  second: number,
  apiVersion = 'x.io/v1',
  served = ['x.io/v1', 'x.io/v2'],
): FieldWriter {
  return {
    manager,
    subresource: '',
    apiVersion,
    type,
    typeOf: (version) => (served.includes(version) ? type : undefined),
    filter: ({ 'f:spec': spec }) => (spec === undefined ? {} : { 'f:spec': spec }),
    now: at(second),
  };
}

function object(spec: object, metadata: object = {}): ApiObject {
  return { apiVersion: 'x.io/v1', kind: 'X', metadata: { name: 'x', ...metadata }, spec };
}

/** The object as it is stored after the write. */
function stored(next: ApiObject, entries: readonly ManagedFieldsEntry[]): ApiObject {
  const managedFields = entries as unknown as NonNullable<ObjectMeta['managedFields']>;
  return { ...next, metadata: { ...next.metadata, managedFields } };
}

function update(by: FieldWriter, live: ApiObject | undefined, next: ApiObject): ApiObject {
  return stored(next, managedAfterUpdate(by, live, next, undefined));
}

function timesOf({ metadata }: ApiObject): unknown {
  return (metadata.managedFields ?? []).map(({ manager, time }) => `${manager} ${time}`);
}

test('a time moves only for the manager that changes something', (t) => {
  const created = update(writer('one', 1), undefined, object({ a: '1', b: '1' }));
  t.deepEqual(timesOf(created), [`one ${at(1)}`]);
  const changed = update(writer('two', 2), created, object({ a: '2', b: '1' }));
  t.deepEqual(timesOf(changed), [`one ${at(1)}`, `two ${at(2)}`]);
  const again = update(writer('two', 3), changed, object({ a: '3', b: '1' }));
  t.deepEqual(timesOf(again), [`one ${at(1)}`, `two ${at(3)}`]);
  const same = update(writer('two', 4), again, object({ a: '3', b: '1' }));
  t.is(same.metadata.managedFields, again.metadata.managedFields);
});

test('an entry that does not change is the very one that was stored', (t) => {
  const created = update(writer('one', 1), undefined, object({ a: '1', b: '1' }));
  const other = update(writer('two', 2), created, object({ a: '1', b: '2' }));
  const next = update(writer('two', 3), other, object({ a: '1', b: '3' }));
  t.is(next.metadata.managedFields?.[0], other.metadata.managedFields?.[0]);
  t.is(next.metadata.managedFields?.[1]?.fieldsV1, other.metadata.managedFields?.[1]?.fieldsV1);
});

test('one manager has an entry for each API version; those of versions that are gone go', (t) => {
  const created = update(writer('one', 1), undefined, object({ a: '1' }));
  const later = update(writer('one', 2, 'x.io/v2'), created, object({ a: '1', b: '1' }));
  t.deepEqual(
    later.metadata.managedFields?.map(({ apiVersion, fieldsV1 }) => [apiVersion, fieldsV1]),
    [
      ['x.io/v1', { 'f:spec': { '.': {}, 'f:a': {} } }],
      ['x.io/v2', { 'f:spec': { 'f:b': {} } }],
    ],
  );
  const only = update(writer('one', 3, 'x.io/v2', ['x.io/v2']), later, object({ a: '1', b: '2' }));
  t.deepEqual(
    only.metadata.managedFields?.map(({ apiVersion }) => apiVersion),
    ['x.io/v2'],
  );
});

test('kubectl takes over what its client-side apply set, and nobody else does', (t) => {
  const config = { apiVersion: 'x.io/v1', kind: 'X', metadata: { name: 'x' }, spec: { a: '1' } };
  const annotations = { [LAST_APPLIED_ANNOTATION]: JSON.stringify(config) };
  const live = update(writer('kubectl-client-side-apply', 1), undefined, object({ a: '1' }, { annotations }));
  const wanted = { ...config, spec: { a: '2' } };
  t.throws(() => applyConfig(writer('other', 2), live, wanted, false), {
    message: 'Apply failed with 1 conflict: conflict with "kubectl-client-side-apply" using x.io/v1: .spec.a',
  });
  const applied = applyConfig(writer('kubectl', 2), live, wanted, false).object;
  t.deepEqual(applied.spec, { a: '2' });
  const { annotations: noted } = applied.metadata as ObjectMeta;
  t.deepEqual(JSON.parse(noted?.[LAST_APPLIED_ANNOTATION] ?? ''), wanted);
  const edited = update(writer('edit', 2), live, object({ a: 'edited' }, { annotations }));
  t.throws(() => applyConfig(writer('kubectl', 3), edited, wanted, false), {
    message: 'Apply failed with 1 conflict: conflict with "edit" using x.io/v1: .spec.a',
  });
});
