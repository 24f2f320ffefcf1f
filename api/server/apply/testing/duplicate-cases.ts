import { REPEATED } from './case-types.ts';
import { apply, force, type MergeCase, update } from './merge-case.ts';

const TWO_A = 'list: [{name: a, value1: 1}, {name: a, value1: 2}, {name: b, value1: 3}]';
const B = '.list[name="b"] .list[name="b"].name .list[name="b"].value1';

/** Names as in merge/duplicates_test.go upstream. */
export const DUPLICATE_CASES: readonly MergeCase[] = [
  {
    name: 'sets/ownership/duplicates',
    type: REPEATED,
    steps: [update('one', 'v1', 'set: [1, 1, 3, 4]')],
    managed: { one: 'v1 .set .set[=1] .set[=3] .set[=4]' },
  },
  {
    name: 'sets/ownership/add_duplicate',
    type: REPEATED,
    steps: [update('one', 'v1', 'set: [1, 3, 4]'), update('two', 'v1', 'set: [1, 1, 3, 4]')],
    managed: { one: 'v1 .set .set[=3] .set[=4]', two: 'v1 .set[=1]' },
  },
  {
    name: 'sets/ownership/remove_duplicate',
    type: REPEATED,
    steps: [update('one', 'v1', 'set: [1, 1, 3, 4]'), update('two', 'v1', 'set: [1, 3, 4]')],
    managed: { one: 'v1 .set .set[=3] .set[=4]', two: 'v1 .set[=1]' },
  },
  {
    name: 'sets/merging/remove_duplicate',
    type: REPEATED,
    steps: [
      update('updater', 'v1', 'set: [1, 1, 3, 4]'),
      apply('applier', 'v1', 'set: [1]', { conflicts: ['updater .set[=1]'] }),
      force('applier', 'v1', 'set: [1]'),
    ],
    object: 'set: [1, 3, 4]',
    managed: { updater: 'v1 .set .set[=3] .set[=4]', applier: 'v1 .set[=1]' },
  },
  {
    name: 'sets/merging/ignore_duplicate',
    type: REPEATED,
    steps: [update('updater', 'v1', 'set: [1, 1, 3, 4]'), apply('applier', 'v1', 'set: [5]')],
    object: 'set: [1, 1, 3, 4, 5]',
    managed: { updater: 'v1 .set .set[=1] .set[=3] .set[=4]', applier: 'v1 .set[=5]' },
  },
  {
    name: 'list/ownership/duplicated_items',
    type: REPEATED,
    steps: [update('updater', 'v1', TWO_A)],
    managed: { updater: `v1 .list .list[name="a"] ${B}` },
  },
  {
    name: 'list/ownership/change_duplicated_items',
    type: REPEATED,
    steps: [update('one', 'v1', TWO_A), update('two', 'v1', TWO_A.replace('value1: 2', 'value1: 9'))],
    managed: { one: `v1 .list ${B}`, two: 'v1 .list[name="a"]' },
  },
  {
    name: 'list/ownership/change_fields_duplicated_items',
    type: REPEATED,
    steps: [
      update('one', 'v1', TWO_A),
      update('two', 'v1', TWO_A.replace('value1: 2', 'value1: 2, value2: 3')),
    ],
    managed: { one: `v1 .list ${B}`, two: 'v1 .list[name="a"]' },
  },
];
