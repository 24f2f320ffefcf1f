import { DEDUCED, KEYED, NESTED, STRUCTS } from './case-types.ts';
import { apply, type MergeCase, update } from './merge-case.ts';

const A = '.listOfLists[name="a"]';
const B = '.listOfLists[name="b"]';

/** The nested maps of the recursive case, below `root` where there is one. */
function recursiveCase(name: string, type: MergeCase['type'], root: string): MergeCase {
  const at = (yaml: string) => (root === '' ? yaml : `${root}: ${yaml}`);
  const path = root === '' ? '' : `.${root}`;
  return {
    name,
    type,
    steps: [
      apply('apply-one', 'v1', at('{a: {b: null}, c: {d: null}}')),
      apply('apply-two', 'v2', at('{a: null, c: {d: null}}')),
      update('controller-one', 'v3', at('{a: {b: {c: null}}, c: {d: {e: null}}}')),
      update('controller-two', 'v2', at('{a: {b: {c: {d: null}}}, c: {d: {e: {f: null}}}}')),
      update('controller-one', 'v3', at('{a: {b: {c: {d: {e: null}}}}, c: {d: {e: {f: {g: null}}}}}')),
      apply('apply-one', 'v4', root === '' ? '' : at('null')),
    ],
    object: at('{a: null, c: {d: {e: {f: {g: null}}}}}'),
    managed: {
      ...(root === '' ? {} : { 'apply-one': `v4 ${path}` }),
      'apply-two': `v2 ${path}.a ${path}.c ${path}.c.d`,
      'controller-one': `v3 ${path}.c.d.e ${path}.c.d.e.f.g`,
      'controller-two': `v2 ${path}.c.d.e.f`,
    },
  };
}

/** Names as in merge/{nested,multiple_appliers}_test.go upstream. */
export const NESTED_CASES: readonly MergeCase[] = [
  {
    name: 'nested: listOfLists_change_value',
    type: NESTED,
    steps: [
      apply('default', 'v1', 'listOfLists: [{name: a, value: [b, c]}]'),
      apply('default', 'v1', 'listOfLists: [{name: a, value: [a, c]}]'),
    ],
    object: 'listOfLists: [{name: a, value: [a, c]}]',
    managed: { default: `v1 ${A} ${A}.name ${A}.value[="a"] ${A}.value[="c"]` },
  },
  {
    name: 'nested: listOfLists_change_key_and_value',
    type: NESTED,
    steps: [
      apply('default', 'v1', 'listOfLists: [{name: a, value: [b, c]}]'),
      apply('default', 'v1', 'listOfLists: [{name: b, value: [a, c]}]'),
    ],
    object: 'listOfLists: [{name: b, value: [a, c]}]',
    managed: { default: `v1 ${B} ${B}.name ${B}.value[="a"] ${B}.value[="c"]` },
  },
  {
    name: 'nested: listOfMaps_change_key_and_value',
    type: NESTED,
    steps: [
      apply('default', 'v1', 'listOfMaps: [{name: a, value: {b: x, c: y}}]'),
      apply('default', 'v1', 'listOfMaps: [{name: b, value: {a: x, c: z}}]'),
    ],
    object: 'listOfMaps: [{name: b, value: {a: x, c: z}}]',
    managed: {
      default:
        'v1 .listOfMaps[name="b"] .listOfMaps[name="b"].name .listOfMaps[name="b"].value.a .listOfMaps[name="b"].value.c',
    },
  },
  {
    name: 'nested: mapOfLists_change_key_and_value',
    type: NESTED,
    steps: [
      apply('default', 'v1', 'mapOfLists: {a: [b, c]}'),
      apply('default', 'v1', 'mapOfLists: {b: [a, c]}'),
    ],
    object: 'mapOfLists: {b: [a, c]}',
    managed: { default: 'v1 .mapOfLists.b .mapOfLists.b[="a"] .mapOfLists.b[="c"]' },
  },
  {
    name: 'nested: mapOfMaps_change_value',
    type: NESTED,
    steps: [
      apply('default', 'v1', 'mapOfMaps: {a: {b: x, c: y}}'),
      apply('default', 'v1', 'mapOfMaps: {a: {a: x, c: z}}'),
    ],
    object: 'mapOfMaps: {a: {a: x, c: z}}',
    managed: { default: 'v1 .mapOfMaps.a .mapOfMaps.a.a .mapOfMaps.a.c' },
  },
  {
    name: 'nested: mapOfMapsRecursive_change_middle_key',
    type: NESTED,
    steps: [
      apply('default', 'v1', 'mapOfMapsRecursive: {a: {b: {c: null}}}'),
      apply('default', 'v1', 'mapOfMapsRecursive: {a: {d: {c: null}}}'),
    ],
    object: 'mapOfMapsRecursive: {a: {d: {c: null}}}',
    managed: { default: 'v1 .mapOfMapsRecursive.a .mapOfMapsRecursive.a.d .mapOfMapsRecursive.a.d.c' },
  },
  {
    name: 'nested: struct_apply_remove_all',
    type: NESTED,
    steps: [apply('default', 'v1', 'struct: {name: a, value: 1}'), apply('default', 'v1', '')],
    object: '',
  },
  {
    name: 'nested: struct_apply_remove_dangling',
    type: NESTED,
    steps: [apply('default', 'v1', 'struct: {name: a}'), apply('default', 'v1', 'struct: null')],
    object: 'struct: null',
    managed: { default: 'v1 .struct' },
  },
  {
    name: 'nested: struct_apply_update_remove_all',
    type: NESTED,
    steps: [
      apply('default', 'v1', 'struct: {name: a}'),
      update('controller', 'v1', 'struct: {name: a, value: 1}'),
      apply('default', 'v1', ''),
    ],
    object: 'struct: {value: 1}',
    managed: { controller: 'v1 .struct.value' },
  },
  ...['{}', 'null'].map(
    (empty): MergeCase => ({
      name: `nested: struct_apply_update_dict_dangling ${empty}`,
      type: NESTED,
      steps: [
        apply('default', 'v1', 'struct: {name: a}'),
        update('controller', 'v1', 'struct: {name: a, value: 1}'),
        apply('default', 'v1', `struct: ${empty}`),
      ],
      object: 'struct: {value: 1}',
      managed: { default: 'v1 .struct', controller: 'v1 .struct.value' },
    }),
  ),
  {
    name: 'nested: struct_apply_update_took_over',
    type: NESTED,
    steps: [
      apply('default', 'v1', 'struct: {name: a}'),
      update('controller', 'v1', 'struct: {name: b, value: 1}'),
      apply('default', 'v1', 'struct: null'),
    ],
    object: 'struct: {name: b, value: 1}',
    managed: { default: 'v1 .struct', controller: 'v1 .struct.name .struct.value' },
  },
  {
    name: 'multiple_appliers: remove_one',
    type: KEYED,
    steps: [
      apply('one', 'v1', 'list: [{name: a}, {name: b}]'),
      apply('two', 'v2', 'list: [{name: c}]'),
      apply('one', 'v3', 'list: [{name: a}]'),
    ],
    object: 'list: [{name: a}, {name: c}]',
    managed: {
      one: 'v3 .list[name="a"] .list[name="a"].name',
      two: 'v2 .list[name="c"] .list[name="c"].name',
    },
  },
  {
    name: 'multiple_appliers: same_value_no_conflict',
    type: KEYED,
    steps: [
      apply('one', 'v1', 'list: [{name: a, value: 0}]'),
      apply('two', 'v2', 'list: [{name: a, value: 0}]'),
    ],
    object: 'list: [{name: a, value: 0}]',
    managed: {
      one: 'v1 .list[name="a"] .list[name="a"].name .list[name="a"].value',
      two: 'v2 .list[name="a"] .list[name="a"].name .list[name="a"].value',
    },
  },
  {
    name: 'multiple_appliers: change_value_yes_conflict',
    type: KEYED,
    steps: [
      apply('one', 'v1', 'list: [{name: a, value: 0}]'),
      apply('two', 'v2', 'list: [{name: a, value: 1}]', { conflicts: ['one .list[name="a"].value'] }),
    ],
    object: 'list: [{name: a, value: 0}]',
    managed: { one: 'v1 .list[name="a"] .list[name="a"].name .list[name="a"].value' },
  },
  {
    name: 'multiple_appliers: remove_one_keep_one',
    type: KEYED,
    steps: [
      apply('one', 'v1', 'list: [{name: a}, {name: b}, {name: c}]'),
      apply('two', 'v2', 'list: [{name: c}, {name: d}]'),
      apply('one', 'v3', 'list: [{name: a}]'),
    ],
    object: 'list: [{name: a}, {name: c}, {name: d}]',
    managed: {
      one: 'v3 .list[name="a"] .list[name="a"].name',
      two: 'v2 .list[name="c"] .list[name="c"].name .list[name="d"] .list[name="d"].name',
    },
  },
  {
    name: 'multiple_appliers: unset_scalar_shared_with_updater',
    type: STRUCTS,
    steps: [
      update('updater', 'v1', 'struct: {name: a, scalar: a}'),
      apply('applier', 'v2', 'struct: {name: a, scalar: a}'),
      apply('applier', 'v3', 'struct: {name: a}'),
    ],
    object: 'struct: {name: a, scalar: a}',
    managed: { updater: 'v1 .struct .struct.name .struct.scalar', applier: 'v3 .struct.name' },
  },
  {
    name: 'multiple_appliers: updater_claims_field',
    type: STRUCTS,
    steps: [
      apply('applier', 'v1', 'struct: {name: a, scalar: a}'),
      update('updater', 'v2', 'struct: {name: a, scalar: b}'),
    ],
    object: 'struct: {name: a, scalar: b}',
    managed: { updater: 'v2 .struct.scalar', applier: 'v1 .struct.name' },
  },
  {
    name: 'multiple_appliers: unset_complex_sole_owner',
    type: STRUCTS,
    steps: [
      apply('one', 'v1', 'struct: {name: a, complex: {name: b}}'),
      apply('one', 'v2', 'struct: {name: a}'),
    ],
    object: 'struct: {name: a}',
    managed: { one: 'v2 .struct.name' },
  },
  {
    name: 'multiple_appliers: unset_complex_shared_with_applier',
    type: STRUCTS,
    steps: [
      apply('one', 'v1', 'struct: {name: a, complex: {name: b}}'),
      apply('two', 'v2', 'struct: {complex: {name: b}}'),
      apply('one', 'v3', 'struct: {name: a}'),
    ],
    object: 'struct: {name: a, complex: {name: b}}',
    managed: { one: 'v3 .struct.name', two: 'v2 .struct.complex.name' },
  },
  {
    name: 'multiple_appliers: remove_one_keep_one_with_dangling_subitem',
    type: NESTED,
    steps: [
      apply('one', 'v1', 'listOfLists: [{name: a}, {name: b, value: [c]}]'),
      apply('two', 'v2', 'listOfLists: [{name: b, value: [d]}]'),
      update('controller', 'v2', 'listOfLists: [{name: a}, {name: b, value: [c, d, e]}]'),
      apply('one', 'v3', 'listOfLists: [{name: a}]'),
    ],
    object: 'listOfLists: [{name: a}, {name: b, value: [d, e]}]',
    managed: {
      one: `v3 ${A} ${A}.name`,
      two: `v2 ${B} ${B}.name ${B}.value[="d"]`,
      controller: `v2 ${B}.value[="e"]`,
    },
  },
  {
    name: 'multiple_appliers: remove_one_with_dangling_subitem_keep_one',
    type: NESTED,
    steps: [
      apply('one', 'v1', 'listOfLists: [{name: a}, {name: b, value: [c]}]'),
      apply('two', 'v2', 'listOfLists: [{name: a, value: [b]}]'),
      update('controller', 'v2', 'listOfLists: [{name: a, value: [b]}, {name: b, value: [c, d]}]'),
      apply('one', 'v3', 'listOfLists: [{name: a}]'),
    ],
    object: 'listOfLists: [{name: a, value: [b]}]',
    managed: { one: `v3 ${A} ${A}.name`, two: `v2 ${A} ${A}.name ${A}.value[="b"]` },
  },
  recursiveCase('multiple_appliers: multiple_appliers_recursive_map', NESTED, 'mapOfMapsRecursive'),
  recursiveCase('multiple_appliers: multiple_appliers_recursive_map_deduced', DEDUCED, ''),
];
