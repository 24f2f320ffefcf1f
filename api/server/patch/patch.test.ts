import test from 'ava';
import fc from 'fast-check';
import type { JsonRecord } from '../../../crds/generate/json-record.ts';
import { mergePatch } from './merge-patch.ts';
import { strategicMergePatch } from './strategic-merge-patch.ts';

test('merge patch: the examples of RFC 7396', (t) => {
  for (const [target, patch, result] of [
    [{ a: 'b' }, { a: 'c' }, { a: 'c' }],
    [{ a: 'b' }, { b: 'c' }, { a: 'b', b: 'c' }],
    [{ a: 'b' }, { a: null }, {}],
    [{ a: ['b'] }, { a: 'c' }, { a: 'c' }],
    [{ a: { b: 'c' } }, { a: { b: 'd', c: null } }, { a: { b: 'd' } }],
    [{ a: [{ b: 'c' }] }, { a: [1] }, { a: [1] }],
    [
      ['a', 'b'],
      ['c', 'd'],
      ['c', 'd'],
    ],
    [{ a: 'foo' }, 'bar', 'bar'],
    [{ e: null }, { a: 1 }, { e: null, a: 1 }],
    [{}, { a: { bb: { ccc: null } } }, { a: { bb: {} } }],
  ]) {
    t.deepEqual(mergePatch(target, patch), result);
  }
});

test('a merge patch twice is a merge patch once, and changes none of its arguments', (t) => {
  const record = fc.dictionary(fc.constantFrom('a', 'b', '__proto__'), fc.jsonValue());
  fc.assert(
    fc.property(record, record, (target, patch) => {
      const before = JSON.stringify([target, patch]);
      const once = mergePatch(target, patch);
      t.deepEqual(mergePatch(once, patch), once);
      t.is(JSON.stringify([target, patch]), before);
    }),
    { numRuns: 200 },
  );
});

test('strategic merge: keyed lists, sets, directives', (t) => {
  const target: JsonRecord = {
    metadata: { finalizers: ['a'], labels: { x: '1' } },
    status: {
      conditions: [
        { type: 'Ready', status: 'False' },
        { type: 'Other', status: 'True' },
      ],
    },
    spec: { taints: [1, 2] },
  };
  const merged = strategicMergePatch(target, {
    metadata: { finalizers: ['b'], labels: { x: null, y: '2' } },
    status: {
      '$setElementOrder/conditions': [{ type: 'Ready' }],
      conditions: [
        { type: 'Ready', status: 'True' },
        { $patch: 'delete', type: 'Other' },
      ],
    },
    spec: { taints: [3] },
  });
  t.deepEqual(merged, {
    metadata: { finalizers: ['a', 'b'], labels: { y: '2' } },
    status: { conditions: [{ type: 'Ready', status: 'True' }] },
    spec: { taints: [3] },
  });
  const removed = strategicMergePatch(merged, { metadata: { '$deleteFromPrimitiveList/finalizers': ['a'] } });
  t.deepEqual((removed.metadata as JsonRecord).finalizers, ['b']);
  t.deepEqual(strategicMergePatch(merged, { spec: { $patch: 'replace', a: 1 } }).spec, { a: 1 });
  t.throws(() => strategicMergePatch(merged, { status: { conditions: [{ status: 'True' }] } }), {
    message: /merge key type is missing/,
  });
});
