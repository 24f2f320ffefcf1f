import test from 'ava';
import fc from 'fast-check';
import { ALL_DEFINITIONS } from '../../crds/index.ts';
import type { ApiObject, Stored } from '../../crds/meta/meta.ts';
import { planEmptying } from './plan.ts';

const namespaced = ALL_DEFINITIONS.filter((definition) => definition.namespaced);
const object = fc.record({
  isLeaving: fc.boolean(),
  finalizers: fc.uniqueArray(fc.constantFrom('holt.dev/vm', 'other')),
});
const contents = fc.tuple(...namespaced.map(() => fc.array(object, { maxLength: 4 }))).map((lists) =>
  lists.map((list, index) => ({
    definition: namespaced[index] ?? namespaced[0],
    objects: list.map(
      ({ isLeaving, finalizers }, name): Stored<ApiObject> => ({
        apiVersion: 'v1',
        kind: 'Any',
        metadata: {
          name: String(name),
          uid: `${index}-${name}`,
          resourceVersion: '1',
          finalizers,
          ...(isLeaving ? { deletionTimestamp: 'now' } : {}),
        },
      }),
    ),
  })),
);

test('everything that is not on its way out is deleted, Events last; all of it is counted', (t) => {
  fc.assert(
    fc.property(contents, (given) => {
      const kinds = given.flatMap(({ definition, objects }) =>
        definition === undefined ? [] : [{ definition, objects }],
      );
      const plan = planEmptying(kinds);
      const isStaying = ({ metadata }: Stored<ApiObject>) => metadata.deletionTimestamp === undefined;
      const others = kinds
        .filter(({ definition }) => definition.kind !== 'Event')
        .flatMap(({ objects }) => objects);
      const events = kinds
        .filter(({ definition }) => definition.kind === 'Event')
        .flatMap(({ objects }) => objects);
      const expected = [...others, ...(others.length === 0 ? events : [])].filter(isStaying);
      t.deepEqual(
        new Set(plan.toDelete.map((each) => each.object.metadata.uid)),
        new Set(expected.map(({ metadata }) => metadata.uid)),
      );
      const total = [...plan.remaining.values()].reduce((sum, count) => sum + count, 0);
      t.is(total, others.length + events.length);
    }),
  );
});
