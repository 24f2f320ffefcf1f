import test from 'ava';
import type { ApiObject } from '../../../../crds/meta/meta.ts';
import {
  AUTOUPDATE_ANNOTATION,
  bindingOf,
  clusterRoleOf,
  isRetirable,
  planBootstrap,
} from './bootstrap-objects.ts';

const role = clusterRoleOf({
  name: 'keeper',
  rules: [
    { verbs: ['get', 'list'], apiGroups: [''], resources: ['pods'] },
    { verbs: ['get'], nonResourceURLs: ['/metrics'] },
  ],
});
const binding = bindingOf({ name: 'keeper', users: ['kim'], groups: ['keepers'] });

function next(current: ApiObject, wanted: ApiObject): ApiObject | undefined {
  const plan = planBootstrap(current, wanted);
  return plan.action === 'update' ? (plan.next as ApiObject) : undefined;
}

test('what is there and whole is left alone, what is not is made', (t) => {
  t.deepEqual(planBootstrap(undefined, role), { action: 'create' });
  t.deepEqual(planBootstrap(structuredClone(role), role), { action: 'none' });
  t.deepEqual(planBootstrap(structuredClone(binding), binding), { action: 'none' });
});

test('lost rules, labels and subjects come back; what was added stays', (t) => {
  const extra = { verbs: ['get'], apiGroups: [''], resources: ['toys'] };
  const poor = { ...role, metadata: { name: 'keeper', labels: { mine: 'x' } }, rules: [extra] };
  const mended = next(poor, role);
  t.deepEqual(mended?.rules, [extra, ...(role.rules as unknown[])]);
  t.deepEqual(mended?.metadata.labels, { mine: 'x', 'kubernetes.io/bootstrapping': 'rbac-defaults' });
  const [kim, keepers] = binding.subjects as unknown[];
  const other = { kind: 'User', apiGroup: 'rbac.authorization.k8s.io', name: 'other' };
  t.deepEqual(next({ ...binding, subjects: [other, keepers] }, binding)?.subjects, [other, keepers, kim]);
});

test('one that was taken out of the update is left as it is', (t) => {
  const annotations = { [AUTOUPDATE_ANNOTATION]: 'false' };
  const kept = { ...role, metadata: { name: 'keeper', annotations }, rules: [] };
  t.deepEqual(planBootstrap(kept, role), { action: 'none' });
});

test("an aggregated role's rules are not the bootstrap's; a binding to another role is made anew", (t) => {
  const aggregated = clusterRoleOf({ name: 'view', rules: [], aggregates: 'example.com/to-view' });
  const filled = { ...aggregated, rules: [{ verbs: ['get'], apiGroups: [''], resources: ['pods'] }] };
  t.deepEqual(planBootstrap(filled, aggregated), { action: 'none' });
  const elsewhere = {
    ...binding,
    roleRef: { apiGroup: 'rbac.authorization.k8s.io', kind: 'ClusterRole', name: 'x' },
  };
  t.deepEqual(planBootstrap(elsewhere, binding), { action: 'replace' });
});

test('a binding in a namespace is a RoleBinding there', (t) => {
  const here = bindingOf({ name: 'keeper', namespace: 'kube-system', users: ['kim'] });
  t.like(here, { kind: 'RoleBinding', metadata: { name: 'keeper', namespace: 'kube-system' } });
  t.like(here.roleRef as object, { kind: 'ClusterRole', name: 'keeper' });
  t.deepEqual(planBootstrap(structuredClone(here), here), { action: 'none' });
  t.deepEqual(next({ ...here, subjects: [] }, here)?.subjects, here.subjects);
});

test('what is no longer made is taken away, unless somebody took it over', (t) => {
  t.true(isRetirable(role));
  const annotations = { [AUTOUPDATE_ANNOTATION]: 'false' };
  t.false(isRetirable({ ...role, metadata: { ...role.metadata, annotations } }));
  t.false(isRetirable({ ...role, metadata: { name: 'keeper' } }));
});
