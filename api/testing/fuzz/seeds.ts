import { ALL_DEFINITIONS } from '../../../crds/index.ts';
import { apiVersionOf, type ResourceDefinition } from '../../../crds/meta/resource-definition.ts';
import { encodeProtobuf } from '../../server/protobuf/codec.ts';

/** The namespace that everything is fuzzed in. */
export const FUZZ_NAMESPACE = 'fuzz';

/** The collection of a kind, where the fuzzer works. */
export function collectionPath(definition: ResourceDefinition): string {
  const { group, version, plural, namespaced } = definition;
  const root = group === '' ? `/api/${version}` : `/apis/${group}/${version}`;
  return `${root}${namespaced ? `/namespaces/${FUZZ_NAMESPACE}` : ''}/${plural}`;
}

/** An object of a kind with every part that is common to kinds. */
export function seedObject(definition: ResourceDefinition): Record<string, unknown> {
  return {
    apiVersion: apiVersionOf(definition),
    kind: definition.kind,
    metadata: {
      name: 'seed',
      ...(definition.namespaced ? { namespace: FUZZ_NAMESPACE } : {}),
      labels: { app: 'fuzz', 'holt.dev/part': 'a' },
      annotations: { note: 'text' },
      finalizers: ['holt.dev/fuzz'],
      ownerReferences: [{ apiVersion: 'v1', kind: 'Namespace', name: 'fuzz', uid: 'u-1', controller: true }],
      managedFields: [
        {
          manager: 'm',
          operation: 'Update',
          apiVersion: 'v1',
          fieldsType: 'FieldsV1',
          fieldsV1: { 'f:spec': {} },
        },
      ],
      generation: 1,
      creationTimestamp: '2020-01-01T00:00:00Z',
    },
    spec: { holderIdentity: 'me', leaseDurationSeconds: 10, renewTime: '2020-01-01T00:00:00.000000Z' },
    status: { conditions: [{ type: 'Ready', status: 'True', lastTransitionTime: '2020-01-01T00:00:00Z' }] },
    data: { key: 'dmFsdWU=' },
  };
}

export const KINDS: readonly ResourceDefinition[] = ALL_DEFINITIONS;

/** A valid lease, and how it is patched in every way. */
export const LEASE = {
  apiVersion: 'coordination.k8s.io/v1',
  kind: 'Lease',
  metadata: { name: 'patched', namespace: FUZZ_NAMESPACE, labels: { app: 'fuzz' }, finalizers: [] },
  spec: { holderIdentity: 'me', leaseDurationSeconds: 10 },
};
export const LEASE_PATH = `/apis/coordination.k8s.io/v1/namespaces/${FUZZ_NAMESPACE}/leases`;

/** Copies that double the object each time: small to send, huge to carry out. */
const DOUBLING = Array.from({ length: 40 }, (_, index) => ({
  op: 'copy',
  from: '/metadata/annotations',
  path: `/metadata/annotations/c${index}`,
}));

export const PATCHES: Readonly<Record<string, readonly object[]>> = {
  'application/merge-patch+json': [
    { metadata: { labels: { a: 'b', app: null } }, spec: { leaseDurationSeconds: 20 } },
    { spec: null },
    {
      metadata: {
        managedFields: [
          {
            manager: 'm',
            operation: 'Update',
            apiVersion: LEASE.apiVersion,
            fieldsType: 'FieldsV1',
            fieldsV1: {
              'f:metadata': {
                'f:ownerReferences': { '.': {}, 'k:{"uid":"x"}': {} },
                'f:finalizers': { 'v:"a/b"': {} },
              },
              'f:spec': { 'f:holderIdentity': {} },
            },
          },
        ],
      },
    },
  ],
  'application/strategic-merge-patch+json': [
    {
      metadata: {
        finalizers: ['a/b'],
        '$deleteFromPrimitiveList/finalizers': ['c/d'],
        '$setElementOrder/finalizers': ['a/b'],
        ownerReferences: [{ $patch: 'delete', uid: 'x' }],
      },
      spec: { $patch: 'replace', holderIdentity: 'x', $retainKeys: ['holderIdentity'] },
    },
  ],
  'application/json-patch+json': [
    [
      { op: 'test', path: '/spec/holderIdentity', value: 'me' },
      { op: 'add', path: '/metadata/labels/a~1b', value: 'c' },
      { op: 'replace', path: '/spec/holderIdentity', value: 'you' },
      { op: 'move', from: '/spec/holderIdentity', path: '/metadata/annotations' },
      { op: 'copy', from: '/metadata', path: '/metadata/labels/x' },
      { op: 'remove', path: '/metadata/labels/-' },
      { op: 'add', path: '/metadata/finalizers/-', value: 'a/b' },
    ],
    [{ op: 'add', path: '/metadata/annotations', value: { k: 'v' } }, ...DOUBLING],
    [{ op: 'add', path: '', value: [] }],
    [{ op: 'move', from: '/metadata', path: '/metadata/labels' }],
  ],
  'application/apply-patch+yaml': [
    {
      apiVersion: LEASE.apiVersion,
      kind: 'Lease',
      metadata: { name: 'patched' },
      spec: { holderIdentity: 'ssa' },
    },
    {
      apiVersion: LEASE.apiVersion,
      kind: 'Lease',
      metadata: {
        name: 'patched',
        labels: { a: 'b' },
        finalizers: ['a/b'],
        ownerReferences: [{ apiVersion: 'v1', kind: 'Node', name: 'n', uid: 'x' }],
      },
      spec: null,
    },
  ],
};

/** YAML that is more than JSON, and YAML that bites. */
export const YAML_TEXTS: readonly string[] = [
  'apiVersion: coordination.k8s.io/v1\nkind: Lease\nmetadata:\n  name: seed\n  labels: &l {a: b}\n  annotations: *l\nspec:\n  holderIdentity: "me" # who\n',
  'apiVersion: coordination.k8s.io/v1\nkind: Lease\nmetadata: &m\n  name: seed\n  self: *m\n',
  'a: &a [x,x,x,x,x,x,x,x,x]\nb: &b [*a,*a,*a,*a,*a,*a,*a,*a,*a]\nc: &c [*b,*b,*b,*b,*b,*b,*b,*b,*b]\nd: &d [*c,*c,*c,*c,*c,*c,*c,*c,*c]\ne: &e [*d,*d,*d,*d,*d,*d,*d,*d,*d]\nf: [*e,*e,*e,*e,*e,*e,*e,*e,*e]\n',
  'kind: !!binary aGFsbG8=\nmetadata: !!set {a, b}\nspec: !!omap [a: 1]\n? [complex, key]\n: value\n',
  '--- \nkind: Lease\n---\nkind: Lease\n',
  'kind: Lease\n<<: {metadata: {name: seed}}\n2020-01-01: 2020-01-01\n1: .inf\n~: .nan\n',
  '%YAML 1.1\n---\nkind: !<tag:x> Lease\nspec: 0o17\n',
];

/** JSON that is deep, long or doubled. */
export const JSON_TEXTS: readonly string[] = [
  '['.repeat(50_000),
  `${'{"a":'.repeat(20_000)}1${'}'.repeat(20_000)}`,
  `{"apiVersion":"coordination.k8s.io/v1","kind":"Lease","metadata":{"name":"deep"},"spec":${'{"a":'.repeat(9_000)}1${'}'.repeat(9_000)}}`,
  '{"kind":"Lease","kind":"Lease","metadata":{"name":"a","name":"b"}}',
  '{"kind":"Lease","__proto__":{"x":1},"constructor":{"prototype":{}}}',
  '\ufeff{}',
  'null',
  '[]',
  '"x"',
  '',
];

export function protobufSeeds(): readonly Buffer[] {
  return KINDS.flatMap((definition) => {
    if (!definition.builtIn) return [];
    const bytes = encodeProtobuf({ ...seedObject(definition), spec: {}, status: {} });
    return bytes === undefined ? [] : [bytes];
  });
}
