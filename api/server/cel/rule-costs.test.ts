import test from 'ava';
import type { StructuralSchema } from '../../../crds/generate/structural-schema.ts';
import { declaredSize, occurrencesMax } from './declared-size.ts';
import { estimateCost } from './estimate-cost.ts';
import { createEnvironment } from './library.ts';
import { costErrors } from './rule-costs.ts';
import { celTypeOf } from './schema-types.ts';

/** Fields of every kind, with limits or without. */
function schemaWith(items?: number, characters?: number): StructuralSchema {
  const text: StructuralSchema = {
    type: 'string',
    ...(characters === undefined ? {} : { maxLength: characters }),
  };
  const list = (of: StructuralSchema): StructuralSchema => ({
    type: 'array',
    items: of,
    ...(items === undefined ? {} : { maxItems: items }),
  });
  const map = (of: StructuralSchema): StructuralSchema => ({
    type: 'object',
    additionalProperties: of,
    ...(items === undefined ? {} : { maxProperties: items }),
  });
  return {
    type: 'object',
    properties: {
      ...{ s: text, t: text, n: { type: 'integer' }, d: { type: 'number' }, b: { type: 'boolean' } },
      e: { type: 'string', enum: ['aa', 'bbbb'] },
      ts: { type: 'string', format: 'date-time' },
      list: list(text),
      ints: list({ type: 'integer' }),
      objs: list({
        type: 'object',
        required: ['name'],
        properties: { name: text, v: { type: 'integer' }, inner: list(text) },
      }),
      ...{ m: map({ type: 'integer' }), ms: map(text), port: { 'x-kubernetes-int-or-string': true } },
    },
  };
}

/**
 * Rules with the most that kube-apiserver 1.32 says that they cost: where lists and maps have at most 10 entries and
 * strings 20 characters, and where nothing is said.
 */
const COSTS: readonly [string, number, number][] = [
  ['self.n > 1', 3, 3],
  ['self.n == self.n', 4, 4],
  ['self.s == self.t', 12, 314_577],
  ["self.s == 'abc'", 3, 3],
  ['self.s != self.t && self.n < 3', 15, 314_580],
  ["self.s.startsWith('abc')", 3, 3],
  ["self.s.contains('abc')", 10, 314_575],
  ['self.s.contains(self.t)', 68, 98_956_172_333],
  ["self.s.matches('^[a-z]+$')", 20, 629_148],
  ['self.s.size() > 3', 4, 4],
  ['size(self.list) > 2', 4, 4],
  ["self.list.all(x, x == 'a')", 53, 5_242_878],
  ["self.list.exists(x, x.startsWith('abcdefghijk'))", 73, 7_340_028],
  ["self.list.exists_one(x, x == 'a')", 44, 4_194_304],
  ["self.list.map(x, x + 'a').size() > 1", 235, 329_867_014_965],
  ["self.list.filter(x, x != 'a').size() > 1", 165, 15_728_640],
  ["self.objs.all(o, o.name.matches('a+'))", 143, 76_120_955_287],
  ["self.objs.all(o, o.inner.all(i, i == 'x'))", 563, 1_268_661_858_621],
  ['self.m.all(k, self.m[k] > 1)', 83, 3_595_115],
  ["self.ms.all(k, self.ms[k] == 'a')", 83, 3_145_723],
  ["self.ms.exists(k, k == 'abc')", 53, 1_966_078],
  ["'a' in self.list", 12, 1_048_577],
  ['self.s in self.list', 14, 1_048_579],
  ["self.s in ['a', 'b']", 14, 14],
  ['self.s in self.m', 5, 5],
  ['has(self.s)', 1, 1],
  ["has(self.s) && self.s == 'a'", 4, 4],
  ["self.s + self.t == 'ab'", 21, 629_151],
  ['self.list == self.list', 5, 104_862],
  ['self.objs == self.objs', 5, 24_202],
  ['self.ints.sum() > 3', 13, 1_572_866],
  ['self.list.isSorted()', 92, 329_854_432_052],
  ["self.list.indexOf('a') > 1", 93, 329_854_432_053],
  ["self.list[0] == 'a'", 4, 4],
  ["self.objs[0].name == 'b'", 5, 5],
  ["self.b ? self.s == 'a' : self.t == 'b'", 5, 5],
  ['!self.b', 3, 3],
  ['-self.n > 1', 4, 4],
  ["self.s.lowerAscii() == 'a'", 11, 314_576],
  ['self.s.trim().size() > 1', 12, 314_577],
  ["self.s.replace('a', 'bb') == 'c'", 19, 629_149],
  ["self.s.split(',').size() > 1", 20, 629_150],
  ["self.list.join(',') == 'a'", 84, 329_853_068_906],
  ["self.s.find('[0-9]+') == '1'", 21, 629_149],
  ["self.s.findAll('a').size() > 1", 13, 314_577],
  ["url(self.s).getHost() == 'a'", 12, 314_577],
  ['isURL(self.s)', 3, 3],
  ["quantity(self.s).isGreaterThan(quantity('1'))", 12, 314_577],
  ['isQuantity(self.s)', 10, 314_575],
  ['ip(self.s).family() == 4', 12, 314_577],
  ['isIP(self.s)', 10, 314_575],
  ["cidr(self.s).containsIP('1.2.3.4')", 15, 314_580],
  ['cidr(self.s).containsCIDR(self.t)', 27, 629_157],
  ["self.ts < timestamp('2020-01-01T00:00:00Z')", 4, 4],
  ["self.e == 'aa'", 3, 3],
  ['self.s < self.t', 12, 314_577],
  ["sets.contains(self.list, ['a'])", 23, 1_048_588],
  ['sets.intersects(self.list, self.list)', 105, 1_099_509_530_630],
  ["self.?s.orValue('x') == 'x'", 4, 4],
  ["self.list.map(x, x == 'b', x + 'a').size() > 1", 255, 329_869_112_115],
  ["{'a': 1}['a'] == 1", 31, 31],
  ["self.s.format([self.n]) == 'a'", 23, 314_588],
  ["string(self.n) == 'a'", 4, 4],
  ['type(self.port) == int', 4, 4],
  ['self.port == 1', 3, 3],
  ["self.list.max() == 'a'", 93, 329_854_432_053],
  ['self.objs.map(o, o.name) == self.list', 156, 3_411_905],
  ['format.dns1123Label().validate(self.s).hasValue()', 260, 10_066_340],
  ["self.s.charAt(1) == 'a'", 4, 4],
  ["duration('1s') < duration('2s')", 3, 3],
  ['int(self.s) > 1', 4, 4],
  ['self.d > 1.5', 3, 3],
  ['self.list + self.list == self.list', 8, 104_865],
  ["self.s.substring(1) == 'a'", 11, 314_576],
  ["sets.equivalent(self.list, ['a','b'])", 53, 4_194_313],
  ['ip.isCanonical(self.s)', 18, 629_148],
  ["strings.quote(self.s) == 'a'", 11, 314_576],
  ['self.ms.all(k, k.size() > 1)', 63, 2_359_293],
  ['self.objs.filter(o, o.v > 1).map(o, o.name).size() > 1', 326, 7_259_366],
  ['self.list.map(x, [x]).size() > 1', 245, 24_117_240],
  ["self.objs.map(o, o.inner)[0][0] == 'a'", 156, 3_387_708],
  ["self.list.size() == 0 || self.list[0] != ''", 7, 7],
];

function estimated(schema: StructuralSchema, rule: string): number {
  const environment = createEnvironment();
  environment.registerVariable('self', celTypeOf(environment, schema).name);
  const size = declaredSize(schema);
  const parsed = environment.parse(rule);
  if (size === undefined || !parsed.check().valid) throw new TypeError(`does not compile: ${rule}`);
  return estimateCost(parsed.ast, new Map([['self', size]]));
}

for (const [rule, limited, unlimited] of COSTS)
  test(`costs as upstream: ${rule}`, (t) => {
    t.is(estimated(schemaWith(10, 20), rule), limited);
    t.is(estimated(schemaWith(), rule), unlimited);
  });

test('how often a value can stand in a request', (t) => {
  t.is(occurrencesMax({ elementsMax: 0, bytesMin: 2 }), 1_048_576);
});

const PATH = 'spec.versions[0].schema.openAPIV3Schema';

function withRule(schema: StructuralSchema, rule: string, messageExpression?: string): StructuralSchema {
  const validation = { rule, ...(messageExpression === undefined ? {} : { messageExpression }) };
  return { ...schema, 'x-kubernetes-validations': [validation] };
}

const REMEDY =
  '(try simplifying the rule, or adding maxItems, maxProperties, and maxLength where arrays, maps, and strings are declared)';

test('a rule within a rule over lists without limits is refused; with limits it is taken', (t) => {
  const rule = 'self.objs.all(o, self.objs.all(p, o.name == p.name))';
  t.deepEqual(costErrors(withRule(schemaWith(), rule), PATH), [
    {
      field: `${PATH}.x-kubernetes-validations[0].rule`,
      type: 'FieldValueForbidden',
      detail: `estimated rule cost exceeds budget by factor of more than 100x ${REMEDY}`,
    },
    {
      field: `${PATH}.x-kubernetes-validations[0].rule`,
      type: 'FieldValueForbidden',
      detail: 'contributed to estimated rule cost total exceeding cost limit for entire OpenAPIv3 schema',
    },
    {
      field: PATH,
      type: 'FieldValueForbidden',
      detail: `x-kubernetes-validations estimated rule cost total for entire OpenAPIv3 schema exceeds budget by factor of more than 100x ${REMEDY}`,
    },
  ]);
  t.deepEqual(costErrors(withRule(schemaWith(10, 20), rule), PATH), []);
});

test('a rule counts as often as it can stand in an object', (t) => {
  const item = (maxItems?: number): StructuralSchema => ({
    type: 'object',
    properties: {
      list: {
        type: 'array',
        ...(maxItems === undefined ? {} : { maxItems }),
        items: withRule({ type: 'string', maxLength: 10 }, "self.startsWith('a') && self.size() > 1"),
      },
    },
  });
  t.deepEqual(costErrors(item(100), PATH), []);
  t.deepEqual(costErrors(item(), PATH), []);
  const dear = (maxItems?: number): StructuralSchema => ({
    type: 'object',
    properties: {
      list: {
        type: 'array',
        ...(maxItems === undefined ? {} : { maxItems }),
        items: withRule({ type: 'string', maxLength: 10 }, "self.matches('^[a-z]{1,20}-[a-z]{1,20}$')"),
      },
    },
  });
  t.deepEqual(costErrors(dear(1_000), PATH), []);
  const field = `${PATH}.properties[list].items.x-kubernetes-validations[0].rule`;
  const [first] = costErrors(dear(), PATH);
  t.is(first?.field, field);
  t.regex(first?.detail ?? '', /^estimated rule cost exceeds budget by factor of \d\.\dx \(try/);
});

test('an expression for the message counts once, and by itself', (t) => {
  const message = "self.list.map(x, self.list.map(y, x + y)).size() > 0 ? 'a' : 'b'";
  const [first] = costErrors(withRule(schemaWith(), 'true', message), PATH);
  t.is(first?.field, `${PATH}.x-kubernetes-validations[0].messageExpression`);
  t.regex(
    first?.detail ?? '',
    /^estimated messageExpression cost exceeds budget by factor of more than 100x/,
  );
});
