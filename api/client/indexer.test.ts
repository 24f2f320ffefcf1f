import test from 'ava';
import fc from 'fast-check';
import type { ApiObject, Stored } from '../../crds/meta/meta.ts';
import { Indexer } from './indexer.ts';
import { keyOf } from './object-key.ts';

test('an index finds exactly what a full search finds, after any changes', (t) => {
  const change = fc.record({
    name: fc.constantFrom('a', 'b', 'c', 'd'),
    values: fc.option(fc.array(fc.constantFrom('x', 'y', 'z'), { maxLength: 3 })),
  });
  fc.assert(
    fc.property(fc.array(change, { maxLength: 30 }), (changes) => {
      const valuesOf = (object: Stored<ApiObject>) => object.spec as string[];
      const indexer = new Indexer<ApiObject>({ value: valuesOf });
      for (const { name, values } of changes) {
        if (values === null) indexer.delete(name);
        else
          indexer.set({
            apiVersion: 'v1',
            kind: 'K',
            metadata: { name, uid: name, resourceVersion: '1' },
            spec: values,
          });
      }
      for (const value of ['x', 'y', 'z']) {
        const found = indexer.byIndex('value', value).map(keyOf).sort();
        t.deepEqual(
          found,
          indexer
            .list()
            .filter((object) => valuesOf(object).includes(value))
            .map(keyOf)
            .sort(),
        );
      }
    }),
  );
});
