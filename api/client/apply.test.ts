import test from 'ava';
import fc from 'fast-check';
import { planMergePatch } from './apply.ts';

type Fields = Record<string, unknown>;

function merge(target: Fields, patch: Fields): Fields {
  const result = { ...target };
  for (const [field, value] of Object.entries(patch)) {
    if (value === null) delete result[field];
    else if (typeof value === 'object' && !Array.isArray(value)) {
      const before = result[field];
      result[field] = merge(
        typeof before === 'object' && before !== null ? (before as Fields) : {},
        value as Fields,
      );
    } else result[field] = value;
  }
  return result;
}

const leaf = fc.oneof(fc.integer(), fc.string(), fc.boolean(), fc.array(fc.integer(), { maxLength: 3 }));
const fields = fc.letrec<{ tree: Fields }>((tie) => ({
  tree: fc.dictionary(
    fc.constantFrom('a', 'b', 'c', 'd'),
    fc.oneof({ depthSize: 'small' }, leaf, tie('tree')),
    {
      noNullPrototype: true,
    },
  ),
})).tree;

test('a patch of equal declarations on their own result is empty', (t) => {
  fc.assert(
    fc.property(fields, (declared) => {
      t.deepEqual(planMergePatch(declared, declared, declared), {});
    }),
  );
  t.pass();
});

test('after the patch the declaration holds, and a second plan is empty', (t) => {
  fc.assert(
    fc.property(fields, fields, fields, (last, declared, live) => {
      const result = merge(live, planMergePatch(last, declared, live));
      return Object.keys(planMergePatch(declared, declared, result)).length === 0;
    }),
  );
  t.pass();
});

test('a field that is no longer declared goes; a field that others set stays', (t) => {
  const patch = planMergePatch({ a: 1, b: 2 }, { a: 1 }, { a: 1, b: 2, status: 'theirs' });
  t.deepEqual(patch, { b: null });
});
