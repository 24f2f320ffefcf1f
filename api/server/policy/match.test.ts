import test from 'ava';
import type { MatchResources, ResourceRule } from '../../../crds/meta/admission.ts';
import type { ApiObject } from '../../../crds/meta/meta.ts';
import { matchedVersion } from './match.ts';
import type { PolicyWrite } from './policy-write.ts';

const NAMESPACE: ApiObject = {
  apiVersion: 'v1',
  kind: 'Namespace',
  metadata: { name: 'team', labels: { stage: 'prod' } },
};

const WRITE: PolicyWrite = {
  operation: 'UPDATE',
  ...{ group: 'example.com', version: 'v1', plural: 'widgets', subresource: '' },
  kind: { group: 'example.com', version: 'v1', kind: 'Widget' },
  ...{ namespace: 'team', name: 'one' },
  object: { metadata: { labels: { tier: 'web' } } },
  oldObject: { metadata: { labels: { tier: 'old' } } },
  user: { name: 'u', groups: [] },
  dryRun: false,
  options: {},
  otherVersions: () => ['v2', 'v1beta1'],
  namespaceObject: () => NAMESPACE,
};

const RULE: ResourceRule = {
  operations: ['UPDATE'],
  apiGroups: ['example.com'],
  apiVersions: ['v1'],
  resources: ['widgets'],
};

const rule = (more: ResourceRule): MatchResources => ({ resourceRules: [{ ...RULE, ...more }] });

/** Name, resources, the write where it is another, and the version that matches. */
const CASES: readonly [string, MatchResources, Partial<PolicyWrite>, string | undefined][] = [
  ['its own rule', rule({}), {}, 'v1'],
  ['no rules are all resources', {}, {}, 'v1'],
  ['another operation', rule({ operations: ['CREATE', 'DELETE'] }), {}, undefined],
  ['every operation', rule({ operations: ['*'] }), { operation: 'CONNECT' }, 'v1'],
  ['another group', rule({ apiGroups: ['apps'] }), {}, undefined],
  ['every group', rule({ apiGroups: ['*'] }), {}, 'v1'],
  ['another resource', rule({ resources: ['gadgets'] }), {}, undefined],
  ['every resource', rule({ resources: ['*'] }), {}, 'v1'],
  ['every resource is no subresource', rule({ resources: ['*'] }), { subresource: 'status' }, undefined],
  ['a subresource', rule({ resources: ['widgets/status'] }), { subresource: 'status' }, 'v1'],
  ['another subresource', rule({ resources: ['widgets/scale'] }), { subresource: 'status' }, undefined],
  ['every subresource', rule({ resources: ['widgets/*'] }), { subresource: 'status' }, 'v1'],
  ['a subresource of every resource', rule({ resources: ['*/status'] }), { subresource: 'status' }, 'v1'],
  ['everything', rule({ resources: ['*/*'] }), { subresource: 'status' }, 'v1'],
  ['every subresource is the object too', rule({ resources: ['widgets/*'] }), {}, 'v1'],
  ['a name', rule({ resourceNames: ['one'] }), {}, 'v1'],
  ['another name', rule({ resourceNames: ['two'] }), {}, undefined],
  ['in a namespace', rule({ scope: 'Namespaced' }), {}, 'v1'],
  ['at the cluster scope', rule({ scope: 'Cluster' }), {}, undefined],
  ['cluster-scoped at the cluster scope', rule({ scope: 'Cluster' }), { namespace: '' }, 'v1'],
  ['cluster-scoped in a namespace', rule({ scope: 'Namespaced' }), { namespace: '' }, undefined],
  ['an equivalent version', rule({ apiVersions: ['v2'] }), {}, 'v2'],
  [
    'an equivalent version, exactly',
    { ...rule({ apiVersions: ['v2'] }), matchPolicy: 'Exact' },
    {},
    undefined,
  ],
  ['no served version', rule({ apiVersions: ['v3'] }), {}, undefined],
  ['excluded', { ...rule({}), excludeResourceRules: [{ ...RULE, resourceNames: ['one'] }] }, {}, undefined],
  ['not excluded', { ...rule({}), excludeResourceRules: [{ ...RULE, resourceNames: ['two'] }] }, {}, 'v1'],
  ['its label', { ...rule({}), objectSelector: { matchLabels: { tier: 'web' } } }, {}, 'v1'],
  ['the label that it had', { ...rule({}), objectSelector: { matchLabels: { tier: 'old' } } }, {}, 'v1'],
  ['no such label', { ...rule({}), objectSelector: { matchLabels: { tier: 'db' } } }, {}, undefined],
  [
    'a deleted object by its labels',
    { ...rule({ operations: ['DELETE'] }), objectSelector: { matchLabels: { tier: 'old' } } },
    { operation: 'DELETE', object: null },
    'v1',
  ],
  ['its namespace', { ...rule({}), namespaceSelector: { matchLabels: { stage: 'prod' } } }, {}, 'v1'],
  ['another namespace', { ...rule({}), namespaceSelector: { matchLabels: { stage: 'dev' } } }, {}, undefined],
  [
    'cluster-scoped objects are in every namespace',
    { ...rule({}), namespaceSelector: { matchLabels: { stage: 'dev' } } },
    { namespace: '' },
    'v1',
  ],
];

for (const [name, resources, write, version] of CASES)
  test(name, (t) => t.is(matchedVersion(resources, { ...WRITE, ...write }), version));

test('a namespace is chosen by the labels that it will have, and a deleted one by those that it has', (t) => {
  const resources = { namespaceSelector: { matchLabels: { stage: 'dev' } } };
  const write = {
    ...WRITE,
    ...{ group: '', plural: 'namespaces', name: 'team', object: { metadata: { labels: { stage: 'dev' } } } },
  };
  t.is(matchedVersion(resources, write), 'v1');
  t.is(matchedVersion(resources, { ...write, operation: 'DELETE', object: null }), undefined);
});
