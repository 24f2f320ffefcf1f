import { ATOMIC_MAP, DEDUCED, KEYED, LEAVES, OPEN, PORTS, SETS } from './case-types.ts';
import { apply, force, type MergeCase, update } from './merge-case.ts';

const ALL = '{numeric: 1, string: s}';

/** Names as in merge/{leaf,set,key,preserve_unknown,obsolete_versions,default_keys,deduced}_test.go upstream. */
export const LEAF_AND_LIST_CASES: readonly MergeCase[] = [
  {
    name: 'leaf: apply_twice',
    type: LEAVES,
    steps: [
      apply('default', 'v1', '{numeric: 1, string: s}'),
      apply('default', 'v1', '{numeric: 2, string: s, bool: false}'),
    ],
    object: '{numeric: 2, string: s, bool: false}',
    managed: { default: 'v1 .bool .numeric .string' },
  },
  {
    name: 'leaf: apply_update_apply_no_conflict',
    type: LEAVES,
    steps: [
      apply('default', 'v1', ALL),
      update('controller', 'v1', '{numeric: 1, string: s, bool: true}'),
      apply('default', 'v1', '{numeric: 2, string: s}'),
    ],
    object: '{numeric: 2, string: s, bool: true}',
    managed: { default: 'v1 .numeric .string', controller: 'v1 .bool' },
  },
  ...['v1', 'v2'].map(
    (version): MergeCase => ({
      name: `leaf: apply_update_apply_with_conflict ${version}`,
      type: LEAVES,
      steps: [
        apply('default', 'v1', ALL),
        update('controller', version, '{numeric: 1, string: controller, bool: true}'),
        apply('default', 'v1', '{numeric: 2, string: user}', { conflicts: ['controller .string'] }),
        force('default', 'v1', '{numeric: 2, string: user}'),
      ],
      object: '{numeric: 2, string: user, bool: true}',
      managed: { default: 'v1 .numeric .string', controller: `${version} .bool` },
    }),
  ),
  {
    name: 'leaf: apply_twice_remove',
    type: LEAVES,
    steps: [
      apply('default', 'v1', '{numeric: 1, string: s, bool: false}'),
      apply('default', 'v2', 'string: new'),
    ],
    object: 'string: new',
    managed: { default: 'v2 .string' },
  },
  {
    name: 'leaf: update_apply_omits',
    type: LEAVES,
    steps: [
      apply('default', 'v1', 'numeric: 2'),
      update('controller', 'v1', 'numeric: 1'),
      apply('default', 'v1', ''),
    ],
    object: 'numeric: 1',
    managed: { controller: 'v1 .numeric' },
  },
  {
    name: 'leaf: update_remove_empty_set',
    type: LEAVES,
    steps: [apply('default', 'v1', 'string: s'), update('controller', 'v1', 'string: new')],
    object: 'string: new',
    managed: { controller: 'v1 .string' },
  },
  {
    name: 'leaf: apply_remove_empty_set',
    type: LEAVES,
    steps: [apply('default', 'v1', 'string: s'), apply('default', 'v1', '')],
    object: '',
  },
  {
    name: 'set: apply_twice',
    type: SETS,
    steps: [apply('default', 'v1', 'list: [a, c]'), apply('default', 'v1', 'list: [a, b, c, d]')],
    object: 'list: [a, b, c, d]',
    managed: { default: 'v1 .list[="a"] .list[="b"] .list[="c"] .list[="d"]' },
  },
  ...['v1', 'v2'].flatMap((version): MergeCase[] => [
    {
      name: `set: apply_update_apply_no_overlap ${version}`,
      type: SETS,
      steps: [
        apply('default', 'v1', 'list: [a, c]'),
        update('controller', version, 'list: [a, b, c, d]'),
        apply('default', 'v1', 'list: [a, aprime, c, cprime]'),
      ],
      object: 'list: [a, b, aprime, c, d, cprime]',
      managed: {
        default: 'v1 .list[="a"] .list[="aprime"] .list[="c"] .list[="cprime"]',
        controller: `${version} .list[="b"] .list[="d"]`,
      },
    },
    {
      name: `set: apply_update_apply_with_overlap ${version}`,
      type: SETS,
      steps: [
        apply('default', 'v1', 'list: [a, c]'),
        update('controller', version, 'list: [a, b, c, d]'),
        apply('default', 'v1', 'list: [a, b, c]'),
      ],
      object: 'list: [a, b, c, d]',
      managed: {
        default: 'v1 .list[="a"] .list[="b"] .list[="c"]',
        controller: `${version} .list[="b"] .list[="d"]`,
      },
    },
  ]),
  {
    name: 'set: apply_twice_reorder',
    type: SETS,
    steps: [apply('default', 'v1', 'list: [a, b, c, d]'), apply('default', 'v1', 'list: [a, d, c, b]')],
    object: 'list: [a, d, c, b]',
    managed: { default: 'v1 .list[="a"] .list[="b"] .list[="c"] .list[="d"]' },
  },
  {
    name: 'set: apply_update_apply_reorder',
    type: SETS,
    steps: [
      apply('default', 'v1', 'list: [a, b, c, d]'),
      update('controller', 'v1', 'list: [a, d, c, b]'),
      apply('default', 'v1', 'list: [a, b, c, d]'),
    ],
    object: 'list: [a, b, c, d]',
    managed: { default: 'v1 .list[="a"] .list[="b"] .list[="c"] .list[="d"]' },
  },
  {
    name: 'set: apply_twice_remove',
    type: SETS,
    steps: [apply('default', 'v1', 'list: [a, b, c, d]'), apply('default', 'v2', 'list: [a, c]')],
    object: 'list: [a, c]',
    managed: { default: 'v2 .list[="a"] .list[="c"]' },
  },
  {
    name: 'key: removing_obsolete_applied_structs',
    type: KEYED,
    steps: [
      apply('default', 'v1', 'list: [{name: a, value: 1}]'),
      apply('default', 'v1', 'list: [{name: b, value: 2}]'),
    ],
    object: 'list: [{name: b, value: 2}]',
    managed: { default: 'v1 .list[name="b"] .list[name="b"].name .list[name="b"].value' },
  },
  {
    name: 'preserve_unknown: preserve_unknown_fields',
    type: OPEN,
    steps: [
      apply('default', 'v1', '{num: 5, unknown: value}'),
      apply('default', 'v1', '{num: 6, unknown: new}'),
    ],
    object: '{num: 6, unknown: new}',
    managed: { default: 'v1 .num .unknown' },
  },
  {
    name: 'obsolete_versions: owners in a version that is gone are dropped',
    type: DEDUCED,
    steps: [
      update('v1', 'v1', '{v1: 0}'),
      update('v2', 'v2', '{v1: 0, v2: 0}'),
      update('v3', 'v3', '{v1: 0, v2: 0, v3: 0}', { serves: ['v2', 'v3'] }),
    ],
    managed: { v2: 'v2 .v2', v3: 'v3 .v3' },
  },
  {
    name: 'obsolete_versions: what was applied in a version that is gone stays',
    type: SETS,
    steps: [
      apply('apply', 'v1', 'list: [a, b, c, d]'),
      apply('apply', 'v2', 'list: [a]', { serves: ['v2'] }),
    ],
    object: 'list: [a, b, c, d]',
    managed: { apply: 'v2 .list[="a"]' },
  },
  {
    name: 'default_keys: apply_missing_defaulted_key_B',
    type: PORTS,
    steps: [apply('default', 'v1', 'containerPorts: [{port: 80}, {port: 80, protocol: UDP}]')],
    object: 'containerPorts: [{port: 80}, {port: 80, protocol: UDP}]',
    managed: {
      default:
        'v1 .containerPorts[port=80,protocol="TCP"] .containerPorts[port=80,protocol="TCP"].port .containerPorts[port=80,protocol="UDP"] .containerPorts[port=80,protocol="UDP"].port .containerPorts[port=80,protocol="UDP"].protocol',
    },
  },
  {
    name: 'default_keys: apply_missing_defaulted_key_with_conflict',
    type: PORTS,
    steps: [
      apply('one', 'v1', 'containerPorts: [{port: 80, protocol: TCP, name: foo}]'),
      apply('two', 'v1', 'containerPorts: [{port: 80, name: bar}]', {
        conflicts: ['one .containerPorts[port=80,protocol="TCP"].name'],
      }),
    ],
    object: 'containerPorts: [{port: 80, protocol: TCP, name: foo}]',
    managed: {
      one: 'v1 .containerPorts[port=80,protocol="TCP"] .containerPorts[port=80,protocol="TCP"].port .containerPorts[port=80,protocol="TCP"].protocol .containerPorts[port=80,protocol="TCP"].name',
    },
  },
  ...['[{port: 80}, {port: 80}]', '[{port: 80}, {port: 80, protocol: TCP}]'].map(
    (ports): MergeCase => ({
      name: `default_keys: apply_missing_defaulted_key_ambiguous ${ports}`,
      type: PORTS,
      steps: [
        apply('default', 'v1', `containerPorts: ${ports}`, {
          fails: /duplicate entries for key \[port=80,protocol="TCP"\]/,
        }),
      ],
    }),
  ),
  {
    name: 'deduced: apply_twice_list_is_atomic',
    type: DEDUCED,
    steps: [apply('default', 'v1', 'list: [a, c]'), apply('default', 'v1', 'list: [a, d, c, b]')],
    object: 'list: [a, d, c, b]',
    managed: { default: 'v1 .list' },
  },
  {
    name: 'deduced: apply_update_apply_list',
    type: DEDUCED,
    steps: [
      apply('default', 'v1', 'list: [a, c]'),
      update('controller', 'v1', 'list: [a, b, c, d]'),
      apply('default', 'v1', 'list: [a, b, c]', { conflicts: ['controller .list'] }),
      force('default', 'v1', 'list: [a, b, c]'),
    ],
    object: 'list: [a, b, c]',
    managed: { default: 'v1 .list' },
  },
  {
    name: 'multiple_appliers: atomic maps, force',
    type: ATOMIC_MAP,
    steps: [
      apply('one', 'v1', 'atomicMap: {field1: a}'),
      apply('two', 'v1', 'atomicMap: {field2: b}', { conflicts: ['one .atomicMap'] }),
      force('two', 'v1', 'atomicMap: {field2: b}'),
    ],
    object: 'atomicMap: {field2: b}',
    managed: { two: 'v1 .atomicMap' },
  },
];
