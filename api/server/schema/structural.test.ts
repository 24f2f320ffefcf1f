import test from 'ava';
import { eventDefinition } from '../../../crds/event/definition.ts';
import { isRecord } from '../../../crds/generate/json-record.ts';
import { guestImageDefinition } from '../../../crds/guestimage/definition.ts';
import { ALL_DEFINITIONS } from '../../../crds/index.ts';
import { namespaceDefinition } from '../../../crds/namespace/definition.ts';
import { nodeDefinition } from '../../../crds/node/definition.ts';
import { sandboxContainerDefinition } from '../../../crds/sandboxcontainer/definition.ts';
import { userVmDefinition } from '../../../crds/uservm/definition.ts';
import { compileSchema, formatFieldErrors } from './structural.ts';

const userVm = compileSchema(userVmDefinition);
const container = compileSchema(sandboxContainerDefinition);

function vm(spec: unknown, metadata: unknown = { name: 'x' }) {
  return { apiVersion: 'holt.dev/v1alpha1', kind: 'UserVM', metadata, spec };
}

/** Errors of a UserVM spec as one text each. */
function errorsOf(spec: unknown): string[] {
  const { errors } = userVm.validate(vm(spec), { fieldValidation: 'Strict' });
  return formatFieldErrors(userVmDefinition, 'x', errors).causes.map(
    ({ field, message }) => `${field}: ${message}`,
  );
}

test('defaults fill what is absent and leave what is there', (t) => {
  const { object, errors } = userVm.validate(vm({ user: 'alice', dataVolume: {} }), {
    fieldValidation: 'Strict',
  });
  t.deepEqual(errors, []);
  t.deepEqual(object.spec, {
    user: 'alice',
    powerState: 'Running',
    cpus: 1,
    memory: '1Gi',
    guestImage: 'default',
    dataVolume: { size: '4Gi' },
  });
});

test('no default stands in for an absent parent, and defaults do not share state', (t) => {
  const sent = {
    metadata: { name: 'x' },
    spec: { vmRef: { name: 'a' }, role: 'live', source: { closure: '/a' } },
  };
  const first = container.validate(sent, { fieldValidation: 'Strict' });
  t.deepEqual(first.errors, []);
  t.true(isRecord(first.object.spec) && !('readinessProbe' in first.object.spec));
  if (isRecord(first.object.spec) && isRecord(first.object.spec.resources))
    first.object.spec.resources.cpu = 'changed';
  const second = container.validate(sent, { fieldValidation: 'Strict' });
  t.deepEqual(isRecord(second.object.spec) && second.object.spec.resources, {
    cpu: '500m',
    memory: '256Mi',
    pids: 256,
  });
});

test('a wrong value is named with its field and the remedy', (t) => {
  t.deepEqual(errorsOf({ user: 'alice', memory: '-1Gi' }), [
    'spec.memory: Invalid value: "-1Gi": must be a positive quantity such as "512Mi" or "2Gi"',
  ]);
  t.deepEqual(errorsOf({ user: 'alice', cpus: 0 }), [
    'spec.cpus: Invalid value: 0: must be between 1 and 64, inclusive',
  ]);
  t.deepEqual(errorsOf({ user: 'alice', cpus: '2' }), [
    'spec.cpus: Invalid value: "2": must be a whole number without quotes, not a string',
  ]);
  t.deepEqual(errorsOf({ user: 'alice', memory: 2 }), [
    'spec.memory: Invalid value: 2: must be a string (in YAML, put it in quotes), not a number',
  ]);
  t.deepEqual(errorsOf({ user: 'alice', powerState: 'Off' }), [
    'spec.powerState: Unsupported value: "Off": supported values: "Running", "Paused", "Standby", "Stopped"',
  ]);
  t.deepEqual(errorsOf({ user: 'alice', recycleRequest: 'r'.repeat(254) }), [
    'spec.recycleRequest: Too long: may not be more than 253 characters',
  ]);
  t.deepEqual(errorsOf({}), [
    'spec.user: Required value: The user whose VM this is: one VM a user, across all namespaces. Immutable',
  ]);
  t.deepEqual(errorsOf(undefined), ['spec: Required value']);
  t.deepEqual(errorsOf([]), ['spec: Invalid value: []: must be an object, not a list']);
});

test('the message is worded as in Kubernetes, with one cause a field', (t) => {
  const one = userVm.validate(vm({ user: 'alice', memory: '-1Gi' }), { fieldValidation: 'Strict' });
  t.is(
    formatFieldErrors(userVmDefinition, 'x', one.errors).message,
    'UserVM.holt.dev "x" is invalid: spec.memory: Invalid value: "-1Gi": must be a positive quantity such as "512Mi" or "2Gi"',
  );
  const two = userVm.validate(vm({ user: 'Alice', cpus: 65 }), { fieldValidation: 'Strict' });
  const formatted = formatFieldErrors(userVmDefinition, 'x', two.errors);
  t.deepEqual(
    formatted.causes.map(({ field, reason }) => [field, reason]),
    [
      ['spec.user', 'FieldValueInvalid'],
      ['spec.cpus', 'FieldValueInvalid'],
    ],
  );
  t.regex(formatted.message, /is invalid: \[spec\.user: .*, spec\.cpus: .*\]$/);
  t.is(formatted.code, 422);
});

test('unknown fields: an error, a warning or nothing, and pruned in any case', (t) => {
  const sent = vm({ user: 'alice', foo: 1, placement: { zone: 'a' } }, { name: 'x', colour: 'red' });
  const strict = userVm.validate(sent, { fieldValidation: 'Strict' });
  const formatted = formatFieldErrors(userVmDefinition, 'x', strict.errors);
  t.is(
    formatted.message,
    'UserVM in version "v1alpha1" cannot be handled as a UserVM: strict decoding error: unknown field "metadata.colour", unknown field "spec.foo", unknown field "spec.placement.zone"',
  );
  t.is(formatted.code, 400);
  const warned = userVm.validate(sent, { fieldValidation: 'Warn' });
  t.deepEqual(warned.errors, []);
  t.true(warned.warnings.includes('unknown field "spec.foo"'));
  const ignored = userVm.validate(sent, { fieldValidation: 'Ignore' });
  t.deepEqual([ignored.errors, ignored.warnings], [[], []]);
  for (const { object } of [strict, warned, ignored]) {
    t.deepEqual(object.metadata, { name: 'x' });
    t.true(isRecord(object.spec) && !('foo' in object.spec));
  }
});

test('lists: paths with indices, and keys that must be unique', (t) => {
  const sent = {
    metadata: { name: 'x' },
    spec: {
      vmRef: { name: 'a' },
      role: 'live',
      source: { image: 'i' },
      command: [],
      env: [
        { name: 'A', value: '1' },
        { name: '1A', value: '' },
        { name: 'A', value: '2', from: 'x' },
        { name: 'B' },
      ],
    },
  };
  const { errors } = container.validate(sent, { fieldValidation: 'Strict' });
  t.deepEqual(
    errors.map(({ field, type }) => [field, type]),
    [
      ['spec.env[2].from', 'unknown'],
      ['spec.command', 'FieldValueInvalid'],
      ['spec.env[2]', 'FieldValueDuplicate'],
      ['spec.env[1].name', 'FieldValueInvalid'],
      ['spec.env[3].value', 'FieldValueRequired'],
    ],
  );
});

test('null means absent, except where it may be stored', (t) => {
  const { object, errors } = userVm.validate(
    vm({ user: 'alice', cpus: null, placement: null }, { name: 'x', labels: null, creationTimestamp: null }),
    { fieldValidation: 'Strict' },
  );
  t.deepEqual(errors, []);
  t.deepEqual(object.metadata, { name: 'x', creationTimestamp: null });
  t.true(isRecord(object.spec) && object.spec.cpus === 1 && !('placement' in object.spec));
  const event = { metadata: { name: 'x' }, involvedObject: {}, eventTime: null };
  t.is(compileSchema(eventDefinition).validate(event, { fieldValidation: 'Strict' }).object.eventTime, null);
});

test('fields below preserve-unknown-fields are kept', (t) => {
  const status = { capacity: { cpu: 2, memory: '4Gi' }, extra: { deep: [1, null] } };
  const { object, errors } = compileSchema(nodeDefinition).validate(
    { metadata: { name: 'n' }, status },
    { fieldValidation: 'Strict' },
  );
  t.deepEqual(errors, []);
  t.deepEqual(object.status, status);
});

test('times must be RFC 3339', (t) => {
  const event = (lastTimestamp: string) =>
    compileSchema(eventDefinition).validate(
      { metadata: { name: 'x' }, involvedObject: {}, lastTimestamp },
      { fieldValidation: 'Strict' },
    ).errors;
  t.deepEqual(event('2026-01-02T03:04:05.678901Z'), []);
  t.is(event('yesterday')[0]?.detail, 'must be a time in RFC 3339 such as "2026-01-02T03:04:05Z"');
});

test('what is sent is never changed, and nothing makes the validation throw', (t) => {
  const frozen = Object.freeze(vm(Object.freeze({ user: 'alice', foo: Object.freeze({ a: 1 }) })));
  for (const definition of ALL_DEFINITIONS) {
    const compiled = compileSchema(definition);
    for (const input of [frozen, null, undefined, 1, 'x', [], {}, { metadata: 1, spec: 2, status: [] }]) {
      t.notThrows(() => compiled.validate(input, { fieldValidation: 'Strict' }));
    }
  }
});

test('a field named __proto__ is a field like any other', (t) => {
  const sent = JSON.parse(
    '{"metadata":{"name":"x","labels":{"__proto__":"a"}},"spec":{"user":"alice","__proto__":{}}}',
  );
  const { object, errors } = userVm.validate(sent, { fieldValidation: 'Strict' });
  t.true(errors.some(({ field }) => field === 'spec.__proto__'));
  t.true(isRecord(object.metadata) && isRecord(object.metadata.labels));
  t.true(isRecord(object.metadata) && Object.hasOwn(object.metadata.labels ?? {}, '__proto__'));
});

test('names: labels for namespaces, subdomains for the rest', (t) => {
  const nameErrors = (definition: typeof userVmDefinition, metadata: unknown) =>
    compileSchema(definition)
      .validate({ metadata, spec: {} }, { fieldValidation: 'Ignore' })
      .errors.filter(({ field }) => field.startsWith('metadata'))
      .map(({ field, type }) => [field, type]);
  t.deepEqual(nameErrors(userVmDefinition, { name: 'a.b' }), []);
  t.deepEqual(nameErrors(namespaceDefinition, { name: 'a.b' }), [['metadata.name', 'FieldValueInvalid']]);
  t.deepEqual(nameErrors(userVmDefinition, { name: 'Foo_' }), [['metadata.name', 'FieldValueInvalid']]);
  t.deepEqual(nameErrors(userVmDefinition, { generateName: 'foo-' }), []);
  t.deepEqual(nameErrors(userVmDefinition, {}), [['metadata.name', 'FieldValueRequired']]);
  t.deepEqual(nameErrors(guestImageDefinition, { name: 'a', namespace: 'b' }), [
    ['metadata.namespace', 'FieldValueForbidden'],
  ]);
});

test('labels, annotations, finalizers and owners', (t) => {
  const check = (metadata: object) => {
    const { errors, warnings } = userVm.validate(vm({ user: 'alice' }, { name: 'x', ...metadata }), {
      fieldValidation: 'Strict',
    });
    return [
      ...errors.map(({ field, type }) => `${field} ${type}`),
      ...warnings.map((text) => text.split(':')[0]),
    ];
  };
  t.deepEqual(check({ labels: { 'holt.dev/a': 'b', c: '' } }), []);
  t.deepEqual(check({ labels: { 'a/b/c': '' } }), ['metadata.labels FieldValueInvalid']);
  t.deepEqual(check({ labels: { a: 'b c' } }), ['metadata.labels FieldValueInvalid']);
  t.deepEqual(check({ labels: { a: 1 } }), ['metadata.labels[a] FieldValueTypeInvalid']);
  t.deepEqual(check({ annotations: { a: 'x'.repeat(256 * 1024) } }), [
    'metadata.annotations FieldValueTooLong',
  ]);
  t.deepEqual(check({ finalizers: ['holt.dev/vm'] }), []);
  t.deepEqual(check({ finalizers: ['mine'] }), ['metadata.finalizers']);
  t.deepEqual(check({ finalizers: ['not a name/x'] }), ['metadata.finalizers[0] FieldValueInvalid']);
  const owner = { apiVersion: 'v1', kind: 'Node', name: 'n', uid: 'u', controller: true };
  t.deepEqual(check({ ownerReferences: [owner] }), []);
  t.deepEqual(check({ ownerReferences: [owner, { ...owner, uid: 'v' }] }), [
    'metadata.ownerReferences FieldValueInvalid',
  ]);
  t.deepEqual(check({ ownerReferences: [{ ...owner, uid: '' }] }), [
    'metadata.ownerReferences[0].uid FieldValueInvalid',
  ]);
});
