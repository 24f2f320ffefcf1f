import test from 'ava';
import fc from 'fast-check';
import { decodeProtobuf, encodeProtobuf, encodeProtobufWatchEvent, ProtobufError } from './codec.ts';

const name = fc.string({ minLength: 1, maxLength: 12 });
const time = fc
  .integer({ min: -62_167_219_200, max: 253_402_300_799 })
  .map((seconds) => new Date(seconds * 1_000).toISOString().replace('.000Z', 'Z'));
const microTime = fc
  .tuple(time, fc.integer({ min: 0, max: 999_999 }))
  .map(([at, micros]) => at.replace('Z', `.${String(micros).padStart(6, '0')}Z`));
const positive = fc.integer({ min: 1, max: 2 ** 31 - 1 });
const texts = fc.dictionary(name, fc.string());

/** A record with any subset of the fields, none of them undefined. */
function some<T extends Record<string, fc.Arbitrary<unknown>>>(fields: T) {
  return fc.record(fields, { requiredKeys: [] });
}

/** Empty maps and lists have no trace on the wire. */
function nonEmpty<T extends object>(arbitrary: fc.Arbitrary<T>) {
  return arbitrary.filter((value) => Object.keys(value).length > 0);
}

const metadata = some({
  name,
  namespace: name,
  uid: name,
  resourceVersion: name,
  generation: fc.integer({ min: 1, max: Number.MAX_SAFE_INTEGER }),
  creationTimestamp: time,
  deletionGracePeriodSeconds: fc.nat(),
  labels: nonEmpty(texts),
  annotations: nonEmpty(texts),
  finalizers: fc.array(name, { minLength: 1 }),
  ownerReferences: fc.array(
    some({ apiVersion: name, kind: name, name, uid: name, controller: fc.boolean() }),
    {
      minLength: 1,
      maxLength: 3,
    },
  ),
  managedFields: fc.array(some({ manager: name, time, fieldsV1: texts }), { minLength: 1, maxLength: 2 }),
});

function kind(apiVersion: string, kindName: string, fields: Record<string, fc.Arbitrary<unknown>>) {
  return some({ metadata, ...fields }).map((object) => ({ apiVersion, kind: kindName, ...object }));
}

const lease = some({
  holderIdentity: fc.string(),
  leaseDurationSeconds: fc.nat(),
  acquireTime: microTime,
  renewTime: microTime,
  leaseTransitions: fc.integer({ min: -(2 ** 31), max: 2 ** 31 - 1 }),
});

const objects = fc.oneof(
  kind('v1', 'Namespace', {
    spec: some({ finalizers: fc.array(fc.string(), { minLength: 1 }) }),
    status: some({ phase: name }),
  }),
  kind('v1', 'Node', {
    spec: some({ providerID: name, unschedulable: fc.constant(true) }),
    status: some({
      capacity: nonEmpty(texts),
      conditions: fc.array(some({ type: name, status: name, lastHeartbeatTime: time }), { minLength: 1 }),
      nodeInfo: some({ kernelVersion: name }),
    }),
  }),
  kind('v1', 'Event', {
    involvedObject: some({ kind: name, name, uid: name }),
    reason: name,
    message: name,
    count: positive,
    lastTimestamp: time,
    eventTime: microTime,
    series: some({ count: positive, lastObservedTime: microTime }),
  }),
  kind('coordination.k8s.io/v1', 'Lease', { spec: lease }),
  kind('authorization.k8s.io/v1', 'SelfSubjectAccessReview', {
    spec: some({ resourceAttributes: some({ verb: name, resource: name }) }),
    status: some({ allowed: fc.boolean(), reason: name }),
  }),
  kind('authentication.k8s.io/v1', 'SelfSubjectReview', {
    status: some({
      userInfo: some({ username: name, extra: nonEmpty(fc.dictionary(name, fc.array(fc.string()))) }),
    }),
  }),
  some({
    items: fc.array(some({ metadata, spec: lease })),
    metadata: some({ remainingItemCount: fc.nat() }),
  }).map((list) => ({
    apiVersion: 'coordination.k8s.io/v1',
    kind: 'LeaseList',
    items: [],
    ...list,
  })),
  some({
    gracePeriodSeconds: fc.nat(),
    propagationPolicy: fc.string(),
    preconditions: some({ uid: fc.string() }),
  }).map((options) => ({ apiVersion: 'holt.dev/v1alpha1', kind: 'DeleteOptions', ...options })),
  some({
    status: name,
    message: name,
    code: positive,
    details: some({ causes: fc.array(some({ field: name }), { minLength: 1 }) }),
  }).map((status) => ({ apiVersion: 'v1', kind: 'Status', ...status })),
);

/** As JSON has it: no prototypes that tell equal objects apart. */
function plain(value: unknown): unknown {
  return JSON.parse(JSON.stringify(value));
}

test('what is encoded is decoded again', (t) => {
  fc.assert(
    fc.property(objects, (object) => {
      const body = encodeProtobuf(object);
      t.truthy(body);
      if (body !== undefined) t.deepEqual(plain(decodeProtobuf(body)), plain(object));
    }),
    { numRuns: 500 },
  );
});

test('malformed bytes give a ProtobufError and nothing else', (t) => {
  const orProtobufError = (bytes: Uint8Array) => {
    try {
      decodeProtobuf(bytes);
    } catch (error) {
      t.true(error instanceof ProtobufError, String(error));
    }
  };
  const magic = Buffer.from('k8s\0');
  fc.assert(fc.property(fc.uint8Array(), orProtobufError));
  fc.assert(fc.property(fc.uint8Array(), (bytes) => orProtobufError(Buffer.concat([magic, bytes]))));
  const damaged = fc.tuple(objects, fc.nat(), fc.nat(255)).map(([object, at, byte]) => {
    const body = encodeProtobuf(object) ?? Buffer.alloc(5);
    body[4 + (at % (body.length - 4))] = byte;
    return body.subarray(0, byte % 2 === 0 ? body.length : at % body.length);
  });
  fc.assert(fc.property(damaged, orProtobufError), { numRuns: 2_000 });
});

test('what kubectl 1.32 sends for "create namespace x" and "auth can-i get pods"', (t) => {
  const namespace =
    '6b3873000a0f0a02763112094e616d65737061636512190a110a017812001a0022002a0032003800420012001a020a001a002200';
  t.deepEqual(decodeProtobuf(Buffer.from(namespace, 'hex')), {
    apiVersion: 'v1',
    kind: 'Namespace',
    metadata: { name: 'x' },
    spec: {},
    status: {},
  });
  const review =
    '6b3873000a320a17617574686f72697a6174696f6e2e6b38732e696f2f7631121753656c665375626a65637441636365737352657669' +
    '6577123c0a100a0012001a0022002a00320038004200121e0a1c0a0764656661756c7412036765741a0022002a04706f647332003a00' +
    '1a08080012001a0020001a002200';
  t.deepEqual(decodeProtobuf(Buffer.from(review, 'hex')), {
    apiVersion: 'authorization.k8s.io/v1',
    kind: 'SelfSubjectAccessReview',
    metadata: {},
    spec: { resourceAttributes: { namespace: 'default', verb: 'get', resource: 'pods' } },
    status: { allowed: false },
  });
});

test('kinds and encodings that are not served are named', (t) => {
  t.is(encodeProtobuf({ apiVersion: 'holt.dev/v1alpha1', kind: 'UserVM', metadata: {} }), undefined);
  t.is(encodeProtobuf({ apiVersion: 'v2', kind: 'Namespace' }), undefined);
  t.is(encodeProtobuf({ apiVersion: 'v1', kind: 'constructor' }), undefined);
  const pod = Buffer.from('6b3873000a090a0276311203506f641200', 'hex');
  t.throws(() => decodeProtobuf(pod), { message: 'v1 Pod has no protobuf form here: send it as JSON' });
  t.throws(() => decodeProtobuf(Buffer.from('{}')), {
    instanceOf: ProtobufError,
    message: /does not begin with "k8s"/,
  });
});

test('a value of the wrong type is refused with its field', (t) => {
  const wrong = { apiVersion: 'coordination.k8s.io/v1', kind: 'Lease', spec: { renewTime: 'soon' } };
  t.throws(() => encodeProtobuf(wrong), {
    instanceOf: ProtobufError,
    message: 'not an RFC 3339 time: "soon"',
  });
  t.throws(() => encodeProtobuf({ apiVersion: 'v1', kind: 'Event', count: 'two' }), {
    message: 'count: expected a whole number, received "two"',
  });
});

test('a watch event is a frame with its length in front', (t) => {
  const frame = encodeProtobufWatchEvent('ADDED', {
    apiVersion: 'v1',
    kind: 'Namespace',
    metadata: { name: 'x' },
  });
  t.is(frame?.readUInt32BE(), (frame?.length ?? 0) - 4);
  t.is(frame?.subarray(4, 11).toString(), '\n\u0005ADDED');
});
