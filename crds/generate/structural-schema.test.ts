import test from 'ava';
import { z } from 'zod';
import { ALL_DEFINITIONS } from '../index.ts';
import { structuralSchemaOf } from './structural-schema.ts';

test('every kind has a structural schema', (t) => {
  for (const { schema } of ALL_DEFINITIONS) t.is(structuralSchemaOf(schema).type, 'object');
});

test('the message of a format check is kept beside its pattern', (t) => {
  const schema = structuralSchemaOf(z.string().regex(/^a+$/, 'must be some a'));
  t.deepEqual(schema, { type: 'string', pattern: '^a+$', 'x-holt-message': 'must be some a' });
  t.is(structuralSchemaOf(z.string().startsWith('/').optional())['x-holt-message'], 'must start with "/"');
});

test('integers lose the bounds that every JSON number has', (t) => {
  t.deepEqual(structuralSchemaOf(z.int().min(1)), { type: 'integer', format: 'int64', minimum: 1 });
});

test('unions: null makes nullable, string and number int-or-string', (t) => {
  t.deepEqual(structuralSchemaOf(z.string().nullable()), { type: 'string', nullable: true });
  t.deepEqual(structuralSchemaOf(z.string().max(3).nullable()), {
    type: 'string',
    maxLength: 3,
    nullable: true,
  });
  t.deepEqual(structuralSchemaOf(z.union([z.string(), z.number()])), { 'x-kubernetes-int-or-string': true });
  t.throws(() => structuralSchemaOf(z.object({ a: z.union([z.string(), z.boolean()]) })), {
    message: '.a: a union of string, boolean has no structural form',
  });
});

test('loose objects, records and unknowns', (t) => {
  t.deepEqual(structuralSchemaOf(z.looseObject({ a: z.string() })), {
    type: 'object',
    properties: { a: { type: 'string' } },
    required: ['a'],
    'x-kubernetes-preserve-unknown-fields': true,
  });
  t.deepEqual(structuralSchemaOf(z.record(z.string(), z.boolean())), {
    type: 'object',
    additionalProperties: { type: 'boolean' },
  });
  t.deepEqual(structuralSchemaOf(z.unknown()), { 'x-kubernetes-preserve-unknown-fields': true });
});

test('defaulted fields are not required, and annotations survive', (t) => {
  const list = z.array(z.string()).meta({ 'x-kubernetes-list-type': 'set' }).optional().describe('Some.');
  t.deepEqual(structuralSchemaOf(z.object({ a: z.int().default(1), list })), {
    type: 'object',
    properties: {
      a: { type: 'integer', format: 'int64', default: 1 },
      list: {
        type: 'array',
        items: { type: 'string' },
        'x-kubernetes-list-type': 'set',
        description: 'Some.',
      },
    },
  });
});

test('a keyword without a structural form is refused, with its place', (t) => {
  t.throws(() => structuralSchemaOf(z.object({ a: z.number().multipleOf(2) })), {
    message: '.a: "multipleOf" has no structural form',
  });
});
