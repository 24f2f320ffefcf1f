import test from 'ava';
import fc from 'fast-check';
import type { StructuralSchema, ValidationRule } from '../../../crds/generate/structural-schema.ts';
import { compileRules } from './compile-rules.ts';

const VALUES: StructuralSchema = {
  type: 'object',
  properties: {
    min: { type: 'integer' },
    max: { type: 'integer' },
    ratio: { type: 'number' },
    name: { type: 'string' },
    'dashed-name': { type: 'string' },
    port: { 'x-kubernetes-int-or-string': true },
    at: { type: 'string', format: 'date-time' },
    list: { type: 'array', items: { type: 'string' } },
    numbers: { type: 'array', items: { type: 'integer' } },
    map: { type: 'object', additionalProperties: { type: 'integer' } },
    pairs: {
      type: 'array',
      items: { type: 'object', properties: { k: { type: 'string' }, v: { type: 'integer' } } },
    },
    if: { type: 'boolean' },
  },
};

const OBJECT = {
  metadata: { name: 'one' },
  min: 1,
  max: 3,
  ratio: 0.5,
  name: 'holt',
  'dashed-name': 'd',
  port: 80,
  at: '2026-01-02T03:04:05Z',
  list: ['a', 'b', 'c'],
  numbers: [1, 2, 3],
  map: { x: 1, y: 2 },
  pairs: [{ k: 'a', v: 1 }],
  if: true,
};

function withRule(schema: StructuralSchema, rule: ValidationRule): StructuralSchema {
  return { ...schema, 'x-kubernetes-validations': [rule] };
}

function ask(rule: string | ValidationRule, object: unknown = OBJECT, previous?: unknown) {
  const compiled = compileRules(withRule(VALUES, typeof rule === 'string' ? { rule } : rule));
  return [...compiled.errors, ...compiled.validate(object, previous)];
}

const TRUE = [
  'self.min <= self.max',
  'self.max - self.min == 2',
  'self.ratio < 1.0',
  'self.min < 1.5',
  "self.name.startsWith('ho') && self.name.size() == 4",
  "self.dashed__dash__name == 'd'",
  'self.port == 80',
  "type(self.port) == int || self.port.matches('^[0-9]+%$')",
  "self.at > timestamp('2025-01-01T00:00:00Z')",
  'self.at.getFullYear() == 2026',
  "self.list.all(x, x in ['a', 'b', 'c'])",
  "self.list.exists(x, x == 'b') && self.list.exists_one(x, x == 'b')",
  "self.list.map(x, x + '!')[0] == 'a!'",
  "self.list.filter(x, x != 'a').size() == 2",
  'self.numbers.isSorted() && self.numbers.sum() == 6 && self.numbers.max() == 3',
  "self.map.all(k, self.map[k] > 0) && 'x' in self.map",
  'self.pairs.all(p, p.v > 0)',
  "self.pairs[0].k == 'a'",
  'self.__if__',
  "self.metadata.name == 'one' && !has(self.metadata.generateName)",
  "self.name.matches('^h.*t$') && self.name.upperAscii() == 'HOLT'",
  "self.name.replace('o', '0') == 'h0lt' && self.name.charAt(0) == 'h'",
  "sets.contains(self.list, ['a']) && !sets.intersects(self.list, ['z'])",
  '9223372036854775807 - 1 == 9223372036854775806',
  'self.?min.orValue(9) == 1',
  "quantity('1Ki') == quantity('1024') && quantity('100m').isLessThan(quantity('0.2'))",
  "quantity('1e3').compareTo(quantity('1k')) == 0 && !isQuantity('1Q') && isQuantity('-2.5Gi')",
];

for (const rule of TRUE) test(`holds: ${rule}`, (t) => t.deepEqual(ask(rule), []));

const UNCOMPILABLE = [
  'self.absent',
  'self.min + self.name == 1',
  'self.min',
  'self.metadata.labels == 1',
  '1 +',
];
for (const rule of UNCOMPILABLE) {
  test(`does not compile: ${rule}`, (t) => {
    const { errors } = compileRules(withRule(VALUES, { rule }), 'schema');
    t.is(errors.length, 1);
    t.is(errors[0]?.field, 'schema.x-kubernetes-validations[0].rule');
    t.regex(errors[0]?.detail ?? '', /^compilation failed: ERROR: |^cel expression must evaluate to a bool$/);
  });
}

test('what fails is told by message, expression, reason and path', (t) => {
  t.like(ask('self.min > self.max'), [
    { field: '', type: 'FieldValueInvalid', value: 'object', detail: 'failed rule: self.min > self.max' },
  ]);
  const rule = { rule: 'self.min > self.max', message: 'no' };
  t.is(ask(rule)[0]?.detail, 'no');
  t.is(ask({ ...rule, messageExpression: '"min is " + string(self.min)' })[0]?.detail, 'min is 1');
  t.is(ask({ ...rule, messageExpression: 'string(self.min / 0)' })[0]?.detail, 'no');
  t.like(ask({ ...rule, reason: 'FieldValueForbidden', fieldPath: '.min' }), [
    { field: 'min', type: 'FieldValueForbidden' },
  ]);
  t.regex(ask('self.min / 0 == 1')[0]?.detail ?? '', /^division by zero evaluating rule: /);
});

test('a rule over oldSelf is asked only where there is an old value', (t) => {
  const rule = { rule: 'self.min >= oldSelf.min' };
  t.deepEqual(ask(rule), []);
  t.deepEqual(ask(rule, OBJECT, { ...OBJECT, min: 0 }), []);
  t.is(ask(rule, OBJECT, { ...OBJECT, min: 2 }).length, 1);
  const optional = { rule: 'oldSelf.hasValue() || self.min == 0', optionalOldSelf: true };
  t.is(ask(optional).length, 1);
  t.deepEqual(ask(optional, OBJECT, OBJECT), []);
});

test('items of a map list meet their old selves by key; fields and entries by name', (t) => {
  const immutable = [{ rule: 'self == oldSelf' }];
  const schema: StructuralSchema = {
    type: 'object',
    properties: {
      pairs: {
        type: 'array',
        'x-kubernetes-list-type': 'map',
        'x-kubernetes-list-map-keys': ['k'],
        items: {
          type: 'object',
          properties: {
            k: { type: 'string' },
            v: { type: 'integer', 'x-kubernetes-validations': immutable },
          },
        },
      },
      map: {
        type: 'object',
        additionalProperties: { type: 'string', 'x-kubernetes-validations': immutable },
      },
    },
  };
  const { validate } = compileRules(schema);
  const old = {
    pairs: [
      { k: 'a', v: 1 },
      { k: 'b', v: 2 },
    ],
    map: { x: '1', y: '2' },
  };
  const next = {
    pairs: [
      { k: 'b', v: 3 },
      { k: 'a', v: 1 },
      { k: 'c', v: 9 },
    ],
    map: { x: '1', y: '3', z: '4' },
  };
  t.deepEqual(
    validate(next, old).map(({ field }) => field),
    ['pairs[0].v', 'map[y]'],
  );
});

const HOSTILE = [
  // Nested loops over literals, with what would hide an error of one step.
  `${'[1,2,3,4,5,6,7,8,9,10].all(a, '.repeat(12)}a == 11 || a > 0${')'.repeat(12)}`,
  `[[1]]${'.map(a, a + a)'.repeat(40)}.size() == 1`,
  `['xx']${'.map(a, a + a)'.repeat(40)}.size() == 1`,
  `self.numbers.all(a, self.list.all(b, b.matches('^(x+x+)+y$')))`,
];
const MANY = { ...OBJECT, numbers: Array(5_000).fill(1), list: Array(5_000).fill('x'.repeat(50)) };
for (const rule of HOSTILE) {
  test(`ends: ${rule.slice(0, 50)}`, (t) => {
    const [error] = ask(rule, MANY);
    t.truthy(error);
  });
}

test('what is too dear is told as upstream tells it', (t) => {
  const [error] = ask(HOSTILE[0] ?? '', OBJECT);
  t.regex(
    error?.detail ?? '',
    /^no further validation rules will be run due to call cost exceeds limit for rule: /,
  );
});

test('a pattern that would backtrack without end is matched in linear time', (t) => {
  t.is(ask("self.name.matches('^(a+)+$')", { ...OBJECT, name: `${'a'.repeat(5_000)}!` }).length, 1);
});

test('comparisons of whole numbers agree with those of the language around', (t) => {
  const { validate } = compileRules(withRule(VALUES, { rule: 'self.min <= self.max' }));
  fc.assert(
    fc.property(fc.maxSafeInteger(), fc.maxSafeInteger(), (min, max) => {
      t.is(validate({ min, max }, undefined).length === 0, min <= max);
    }),
  );
});

test('no text as a rule makes the compiler throw, no JSON makes a rule throw', (t) => {
  const { validate } = compileRules(withRule(VALUES, { rule: 'self.list.all(x, x != "") && self.min > 0' }));
  fc.assert(fc.property(fc.string(), (rule) => t.truthy(compileRules(withRule(VALUES, { rule })))));
  fc.assert(fc.property(fc.jsonValue(), (value) => t.truthy(validate(value, undefined))));
});

test('a value stored before its rule does not stand in the way of other changes', (t) => {
  const rule = { rule: 'self.min > 5' };
  const schema: StructuralSchema = { type: 'object', properties: { spec: withRule(VALUES, rule) } };
  const { validate } = compileRules(schema);
  t.is(validate({ spec: OBJECT }, undefined).length, 1);
  t.deepEqual(validate({ spec: OBJECT, metadata: { name: 'b' } }, { spec: OBJECT }), []);
  t.is(validate({ spec: { ...OBJECT, max: 4 } }, { spec: OBJECT }).length, 1);
});

test('a property may have the name of something that the language around knows', (t) => {
  const names = ['constructor', 'toString', 'hasOwnProperty'];
  const properties = Object.fromEntries(names.map((name) => [name, { type: 'string' as const }]));
  const { errors, validate } = compileRules(
    withRule({ type: 'object', properties }, { rule: "self.toString == 'a' && !has(self.hasOwnProperty)" }),
  );
  t.deepEqual(errors, []);
  t.deepEqual(validate({ toString: 'a' }, undefined), []);
});
