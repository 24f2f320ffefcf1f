import test from 'ava';
import type { StructuralSchema } from '../../../crds/generate/structural-schema.ts';
import { wholeObjectSchema } from '../schema/object-schema.ts';
import { typeErrors } from './check-typed.ts';
import { objectTypeOf } from './object-type.ts';

const text: StructuralSchema = { type: 'string' };

test('should detect unknown metadata fields in both the root and embedded object of a CR', (t) => {
  const template: StructuralSchema = {
    type: 'object',
    'x-kubernetes-embedded-resource': true,
    properties: { metadata: { type: 'object', properties: { name: text } }, spec: { type: 'object' } },
  };
  const spec: StructuralSchema = {
    type: 'object',
    'x-kubernetes-preserve-unknown-fields': true,
    properties: { template, foo: text },
  };
  const type = objectTypeOf(wholeObjectSchema({ type: 'object', properties: { spec } }));
  const config = {
    apiVersion: 'example.com/v1',
    kind: 'Noxu',
    metadata: { name: 'mytest', unknownMeta: 'unknown', finalizers: ['test-finalizer'] },
    spec: {
      template: {
        apiVersion: 'foo/v1',
        kind: 'Sub',
        metadata: { unknownSubMeta: 'unknown', name: 'subobject', namespace: 'x' },
      },
      foo: 'foo1',
      anything: { goes: ['here'] },
    },
  };
  t.deepEqual(typeErrors(config, type), [
    '.metadata.unknownMeta: field not declared in schema',
    '.spec.template.metadata.unknownSubMeta: field not declared in schema',
  ]);
  t.is(objectTypeOf(type), objectTypeOf(type));
});

test('values of another type, items without their keys, sets of objects', (t) => {
  const type: StructuralSchema = {
    type: 'object',
    properties: {
      number: { type: 'integer' },
      port: { 'x-kubernetes-int-or-string': true },
      keyed: {
        type: 'array',
        'x-kubernetes-list-type': 'map',
        'x-kubernetes-list-map-keys': ['name'],
        items: { type: 'object', properties: { name: text } },
      },
      set: { type: 'array', 'x-kubernetes-list-type': 'set', items: text },
    },
  };
  const config = { number: '1', port: [], keyed: [{}, { name: 'a' }, { name: 'a' }], set: ['a', {}, 'a'] };
  t.deepEqual(typeErrors(config, type), [
    '.number: expected numeric (int or float), got "1"',
    '.port: expected any scalar, got []',
    '.keyed: element 0: associative list with keys has an element that omits all key fields ["name"] (and doesn\'t have default values for any key fields)',
    '.keyed: duplicate entries for key [name="a"]',
    ".set: element 1: associative list without keys has an element that's a map type",
    '.set: duplicate entries for key [="a"]',
  ]);
  t.deepEqual(typeErrors({ number: null, port: '80', set: null }, type), []);
});
