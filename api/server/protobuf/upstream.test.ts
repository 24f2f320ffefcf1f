import { readFileSync } from 'node:fs';
import test from 'ava';
import fc from 'fast-check';
import { isRecord, type JsonRecord } from '../../../crds/generate/json-record.ts';
import { decodeProtobuf, encodeProtobuf } from './codec.ts';
import type { MessageField } from './message-types.ts';
import { MESSAGES, messageNameOf } from './messages.ts';

/** What the types of k8s.io/api 0.32 write, every field set, in JSON and in protobuf. */
interface Fixture {
  readonly object: JsonRecord;
  readonly protobuf: string;
}

const fixtures: readonly Fixture[] = JSON.parse(
  readFileSync(new URL('testdata/upstream.json', import.meta.url), 'utf8'),
);

/** As JSON has it: no prototypes that tell equal objects apart. */
function plain(value: unknown): unknown {
  return JSON.parse(JSON.stringify(value));
}

function encoded(object: JsonRecord): Buffer {
  const body = encodeProtobuf(object);
  if (body === undefined) throw new TypeError(`${String(object.kind)} has no protobuf form`);
  return body;
}

for (const { object, protobuf } of fixtures) {
  test(`${String(object.apiVersion)} ${String(object.kind)} is read and written as upstream does`, (t) => {
    t.deepEqual(plain(decodeProtobuf(Buffer.from(protobuf, 'hex'))), object);
    t.deepEqual(plain(decodeProtobuf(encoded(object))), object);
  });
}

const text = fc.string({ minLength: 1, maxLength: 8 });
const INT = { min: 1, max: 2 ** 31 - 1 };

function arbitraryScalar({ kind }: MessageField): fc.Arbitrary<unknown> {
  switch (kind) {
    case 'int32':
    case 'int64':
      return fc.integer(INT);
    case 'double':
      return fc.double({ min: 0.1, noNaN: true, noDefaultInfinity: true });
    case 'bool':
      return fc.constant(true);
    case 'bytes':
      return fc.uint8Array({ minLength: 1 }).map((bytes) => Buffer.from(bytes).toString('base64'));
    case 'stringList':
      return fc.array(text);
    case 'rawJson':
      return fc.jsonValue().filter((value) => value !== null);
    case 'time':
      return fc.constant('2026-01-02T03:04:05Z');
    case 'microTime':
      return fc.constant('2026-01-02T03:04:05.678901Z');
    default:
      return text;
  }
}

/** Any object of a message; schemas nest a few levels only. */
function arbitraryMessage(message: string, depth: number): fc.Arbitrary<JsonRecord> {
  const fields = [...(MESSAGES.get(message)?.byName.values() ?? [])].filter(
    ({ kind }) => typeof kind !== 'object' || depth > 0,
  );
  return fc.record(Object.fromEntries(fields.map((field) => [field.name, arbitraryField(field, depth)])), {
    requiredKeys: [],
  });
}

function arbitraryField(field: MessageField, depth: number): fc.Arbitrary<unknown> {
  const one =
    typeof field.kind === 'object' ? arbitraryKind(field.kind.message, depth - 1) : arbitraryScalar(field);
  if (field.shape === 'repeated') return fc.array(one, { minLength: 1, maxLength: 2 });
  if (field.shape === 'map') return fc.dictionary(text, one, { minKeys: 1, maxKeys: 2 });
  return one;
}

/** JSON writes these messages as one of two things. */
function arbitraryKind(message: string, depth: number): fc.Arbitrary<unknown> {
  const schema = () => arbitraryMessage('JSONSchemaProps', depth - 1);
  switch (message) {
    case 'NamedRuleWithOperations':
      return fc
        .record({
          names: fc.array(text, { minLength: 1 }),
          operations: fc.array(text, { minLength: 1 }),
          rule: arbitraryMessage('Rule', depth),
        })
        .map(({ names, operations, rule }) => ({ resourceNames: names, operations, ...rule }));
    case 'JSONSchemaPropsOrArray':
      return fc.oneof(schema(), fc.array(schema(), { minLength: 1, maxLength: 2 }));
    case 'JSONSchemaPropsOrBool':
      return fc.oneof(schema(), fc.boolean());
    case 'JSONSchemaPropsOrStringArray':
      return fc.oneof(schema(), fc.array(text, { minLength: 1, maxLength: 2 }));
    default:
      return arbitraryMessage(message, depth);
  }
}

const kinds = fixtures.map(({ object: { apiVersion, kind } }) => ({ apiVersion, kind }));

test('whatever a kind may hold survives the way there and back', (t) => {
  for (const typeMeta of kinds) {
    const message = messageNameOf(String(typeMeta.apiVersion), String(typeMeta.kind)) ?? '';
    const depth = message === 'CustomResourceDefinition' ? 6 : 5;
    const objects = arbitraryMessage(message, depth).map((fields) => ({
      ...(message.endsWith('List') && { items: [] }),
      ...fields,
      ...typeMeta,
    }));
    fc.assert(
      fc.property(objects, (object) => {
        t.deepEqual(plain(decodeProtobuf(encoded(object))), plain(object));
      }),
      { numRuns: 25 },
    );
  }
});

test('what is no base64 is refused with its field', (t) => {
  const secret = { apiVersion: 'v1', kind: 'Secret', data: { key: 'not base64' } };
  t.throws(() => encodeProtobuf(secret), { message: 'data: expected base64, received "not base64"' });
  t.true(isRecord(decodeProtobuf(encoded({ ...secret, data: { key: 'YQ==' } })).data));
});
