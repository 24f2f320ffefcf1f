import test from 'ava';
import fc from 'fast-check';
import type { JsonRecord } from '../../../crds/generate/json-record.ts';
import { applyFields } from './apply-fields.ts';
import { compare, isSameComparison } from './compare.ts';
import {
  difference,
  equalSets,
  type FieldSet,
  intersection,
  intersects,
  isSubset,
  pathsOf,
  setOf,
  union,
} from './field-set.ts';
import { parseFieldsV1, sortedFields } from './fields-v1.ts';
import { formatPath, parseElement } from './path-element.ts';
import { reconciledSet } from './schema-sets.ts';
import { NESTED } from './testing/case-types.ts';
import { DUPLICATE_CASES } from './testing/duplicate-cases.ts';
import { LEAF_AND_LIST_CASES } from './testing/leaf-and-list-cases.ts';
import { expectationOf, outcomeOf } from './testing/merge-case.ts';
import { NESTED_CASES } from './testing/nested-cases.ts';

for (const mergeCase of [...LEAF_AND_LIST_CASES, ...NESTED_CASES, ...DUPLICATE_CASES]) {
  test(mergeCase.name, (t) => {
    const outcome = outcomeOf(mergeCase);
    t.like(outcome, { ends: expectationOf(mergeCase).ends });
    t.deepEqual(outcome.managed, expectationOf(mergeCase).managed ?? {});
    if (mergeCase.object !== undefined) t.deepEqual(outcome.object, expectationOf(mergeCase).object);
  });
}

const element = fc.constantFrom('f:a', 'f:b', 'k:{"name":"a"}', 'v:1');
const anySet = fc.array(fc.array(element, { minLength: 1, maxLength: 3 }), { maxLength: 6 }).map(setOf);

/** The paths as a plain set: what the operations must agree with. */
function plain(set: FieldSet): Set<string> {
  return new Set(pathsOf(set).map((path) => JSON.stringify(path)));
}

function sorted(paths: Set<string>): string[] {
  return [...paths].sort();
}

test('sets of fields behave as sets of paths', (t) => {
  fc.assert(
    fc.property(anySet, anySet, (a, b) => {
      const [x, y] = [plain(a), plain(b)];
      t.deepEqual(sorted(plain(union(a, b))), sorted(x.union(y)));
      t.deepEqual(sorted(plain(intersection(a, b))), sorted(x.intersection(y)));
      t.deepEqual(sorted(plain(difference(a, b))), sorted(x.difference(y)));
      t.is(intersects(a, b), x.intersection(y).size > 0);
      t.is(isSubset(a, b), x.isSubsetOf(y));
      t.true(equalSets(parseFieldsV1(JSON.parse(JSON.stringify(sortedFields(a)))), a));
    }),
  );
});

test('FieldsV1: keys are sorted, unknown kinds passed over, nonsense refused', (t) => {
  t.deepEqual(parseFieldsV1({ 'f:a': { 'k:{"b":1,"a":"x"}': { '.': {} }, 'x:y': {} } }), {
    'f:a': { 'k:{"a":"x","b":1}': {} },
  });
  t.throws(() => parseFieldsV1({ a: {} }), { message: /missing colon/ });
  t.throws(() => parseFieldsV1({ 'k:{': {} }), { instanceOf: SyntaxError });
  t.throws(() => parseFieldsV1([]), { instanceOf: SyntaxError });
  t.is(parseElement('i:01'), 'i:1');
  t.is(formatPath(['f:spec', 'k:{"a":"x","b":1}', 'v:"y"', 'i:3']), '.spec[a="x",b=1][="y"][3]');
  t.deepEqual(Object.keys(sortedFields({ 'v:2': {}, 'v:10': {}, 'f:b': {}, '.': {}, 'f:a': {} })), [
    '.',
    'f:a',
    'f:b',
    'v:2',
    'v:10',
  ]);
});

test('schema_change: what became atomic is owned as a whole', (t) => {
  const type = {
    type: 'object',
    properties: { struct: { type: 'object', 'x-kubernetes-map-type': 'atomic' } },
  } as const;
  const set = setOf([['f:struct', 'f:name'], ['f:other']]);
  t.deepEqual(reconciledSet(set, type), { 'f:struct': {}, 'f:other': {} });
  t.is(reconciledSet(set, NESTED), set);
});

const word = fc.constantFrom('a', 'b', 'c');
// An emptied map stands as null until it is stored, as upstream: maps here have something in them.
const record = (value: fc.Arbitrary<unknown>) =>
  fc.dictionary(word, value, { minKeys: 1, maxKeys: 3, noNullPrototype: true });
const config: fc.Arbitrary<JsonRecord> = fc.record(
  {
    listOfLists: fc.uniqueArray(
      fc.record({ name: word, value: fc.uniqueArray(word, { minLength: 1 }) }, { requiredKeys: ['name'] }),
      { selector: ({ name }) => name, minLength: 1 },
    ),
    mapOfMaps: record(record(word)),
    struct: fc.record({ name: word, value: fc.nat(3) }, { requiredKeys: ['name'] }),
  },
  { requiredKeys: [], noNullPrototype: true },
);

function applyAs(manager: string, state: ReturnType<typeof applyFields>, sent: JsonRecord) {
  return applyFields({
    live: state.object,
    config: sent,
    type: NESTED,
    apiVersion: 'v1',
    managers: state.managers,
    manager,
    force: true,
    typeOf: () => NESTED,
    filter: (set) => set,
  });
}

test('an apply holds what it applies, and a second one like it changes nothing', (t) => {
  fc.assert(
    fc.property(config, config, config, (first, second, third) => {
      const start = { object: {}, managers: new Map() };
      const before = applyAs('two', applyAs('one', start, first), second);
      const once = applyAs('one', before, third);
      const twice = applyAs('one', once, third);
      t.deepEqual(twice, once);
      const { added, modified } = compare(once.object, third, NESTED);
      t.true(isSameComparison({ added, modified, removed: {} }));
    }),
    { numRuns: 300 },
  );
});
