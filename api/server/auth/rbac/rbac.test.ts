import test from 'ava';
import { startTestApi, type TestApi } from '../../../testing/test-api.ts';
import { waitUntil } from '../../../testing/wait-until.ts';

let api: TestApi;

test.before(async () => {
  api = await startTestApi();
});

test.after.always(async () => {
  await api.dispose();
});

const RBAC = '/apis/rbac.authorization.k8s.io/v1';
const REVIEWS = '/apis/authorization.k8s.io/v1';
const VMS = '/apis/holt.dev/v1alpha1/namespaces/default/uservms';

function as(user: string, ...groups: readonly string[]): Record<string, string> {
  return {
    'impersonate-user': user,
    ...(groups.length === 0 ? {} : { 'impersonate-group': groups.join(',') }),
  };
}

async function make(path: string, body: Record<string, unknown>): Promise<void> {
  const kinds: Record<string, string> = {
    roles: 'Role',
    rolebindings: 'RoleBinding',
    clusterroles: 'ClusterRole',
    clusterrolebindings: 'ClusterRoleBinding',
  };
  const kind = kinds[path.split('/').at(-1) ?? ''];
  const { code, text } = await api.send({
    method: 'POST',
    path,
    body: { apiVersion: 'rbac.authorization.k8s.io/v1', kind, ...body },
  });
  if (code !== 201) throw new Error(`${path}: ${text}`);
}

function refTo(kind: string, name: string) {
  return { apiGroup: 'rbac.authorization.k8s.io', kind, name };
}

async function review(user: string, groups: readonly string[], asked: Record<string, unknown>) {
  const { json } = await api.send({
    method: 'POST',
    path: `${REVIEWS}/subjectaccessreviews`,
    body: {
      apiVersion: 'authorization.k8s.io/v1',
      kind: 'SubjectAccessReview',
      spec: { user, groups, ...asked },
    },
  });
  return json.status;
}

test.serial('a stranger is told what it cannot do, in the words of kube-apiserver', async (t) => {
  const get = await api.send({ path: `${VMS}/x`, as: 'stranger' });
  t.is(get.code, 403);
  t.is(
    get.json.message,
    'uservms.holt.dev "x" is forbidden: User "mallory" cannot get resource "uservms" in API group "holt.dev" in the namespace "default"',
  );
  t.deepEqual(get.json.details, { name: 'x', group: 'holt.dev', kind: 'uservms' });
  const list = await api.send({ path: '/api/v1/nodes', as: 'stranger' });
  t.is(
    list.json.message,
    'nodes is forbidden: User "mallory" cannot list resource "nodes" in API group "" at the cluster scope',
  );
  const path = await api.send({ path: '/metrics', as: 'stranger' });
  t.is(path.json.message, 'forbidden: User "mallory" cannot get path "/metrics"');
  t.is((await api.send({ path: '/apis', as: 'stranger' })).code, 200);
});

test.serial(
  'a role bound in a namespace allows there what its rules say, by name, subresource and verb',
  async (t) => {
    await make(`${RBAC}/namespaces/default/roles`, {
      metadata: { name: 'reader' },
      rules: [
        { apiGroups: ['holt.dev'], resources: ['uservms'], verbs: ['list', 'get'], resourceNames: ['alice'] },
        { apiGroups: [''], resources: ['*/status'], verbs: ['get'] },
      ],
    });
    await make(`${RBAC}/namespaces/default/rolebindings`, {
      metadata: { name: 'reader' },
      roleRef: refTo('Role', 'reader'),
      subjects: [
        { kind: 'User', apiGroup: 'rbac.authorization.k8s.io', name: 'rita' },
        { kind: 'ServiceAccount', name: 'robot' },
      ],
    });
    const ask = (user: string, resource: string, verb: string, rest: Record<string, string> = {}) =>
      review(user, [], {
        resourceAttributes: { group: 'holt.dev', resource, verb, namespace: 'default', ...rest },
      });
    await waitUntil(
      'the role to hold',
      async () => (await ask('rita', 'uservms', 'get', { name: 'alice' })).allowed,
    );
    t.is(
      (await ask('rita', 'uservms', 'get', { name: 'alice' })).reason,
      'RBAC: allowed by RoleBinding "reader/default" of Role "reader" to User "rita"',
    );
    t.is(
      (await ask('system:serviceaccount:default:robot', 'uservms', 'get', { name: 'alice' })).reason,
      'RBAC: allowed by RoleBinding "reader/default" of Role "reader" to ServiceAccount "robot/default"',
    );
    t.false((await ask('rita', 'uservms', 'get', { name: 'bob' })).allowed);
    t.false((await ask('rita', 'uservms', 'list')).allowed);
    t.false((await ask('rita', 'uservms', 'get', { name: 'alice', namespace: 'other' })).allowed);
    t.true((await ask('rita', 'pods', 'get', { group: '', subresource: 'status' })).allowed);
    t.false((await ask('rita', 'pods', 'get', { group: '' })).allowed);
    const byName = await api.send({
      path: `${VMS}?fieldSelector=metadata.name%3Dalice`,
      headers: as('rita'),
    });
    t.is(byName.code, 200);
    t.is((await api.send({ path: VMS, headers: as('rita') })).code, 403);
    for (const other of [
      'metadata.name!=alice',
      'metadata.name=bob',
      'spec.user=a\\,metadata.name=alice',
      '=',
    ]) {
      const path = `${VMS}?fieldSelector=${encodeURIComponent(other)}`;
      t.is((await api.send({ path, headers: as('rita') })).code, 403, other);
    }
    t.is((await api.send({ path: `${VMS}/alice`, headers: as('rita') })).code, 404);
  },
);

test.serial('a binding counts while it is there, and one to an absent role says so', async (t) => {
  await make(`${RBAC}/clusterrolebindings`, {
    metadata: { name: 'dangling' },
    roleRef: refTo('ClusterRole', 'absent'),
    subjects: [{ kind: 'Group', apiGroup: 'rbac.authorization.k8s.io', name: 'lost' }],
  });
  const asked = { resourceAttributes: { resource: 'nodes', verb: 'list' } };
  await waitUntil(
    'the binding to count',
    async () => (await review('u', ['lost'], asked)).reason !== undefined,
  );
  t.is(
    (await review('u', ['lost'], asked)).reason,
    'RBAC: clusterrole.rbac.authorization.k8s.io "absent" not found',
  );
  await make(`${RBAC}/clusterroles`, {
    metadata: { name: 'absent' },
    rules: [{ apiGroups: [''], resources: ['nodes'], verbs: ['*'] }],
  });
  await waitUntil('the role to hold', async () => (await review('u', ['lost'], asked)).allowed);
  await api.send({ method: 'DELETE', path: `${RBAC}/clusterrolebindings/dangling` });
  await waitUntil('the binding to be gone', async () => !(await review('u', ['lost'], asked)).allowed);
  t.pass();
});

test.serial(
  'aggregated roles have the rules of those that their labels select, and follow them',
  async (t) => {
    const rulesOf = async (name: string) =>
      (await api.send({ path: `${RBAC}/clusterroles/${name}` })).json.rules;
    await waitUntil('admin to be aggregated', async () =>
      JSON.stringify(await rulesOf('admin')).includes('localsubjectaccessreviews'),
    );
    await make(`${RBAC}/clusterroles`, {
      metadata: { name: 'more', labels: { 'rbac.authorization.k8s.io/aggregate-to-view': 'true' } },
      rules: [{ apiGroups: ['example.com'], resources: ['toys'], verbs: ['get'] }],
    });
    for (const role of ['view', 'edit', 'admin']) {
      await waitUntil(`${role} to follow`, async () => JSON.stringify(await rulesOf(role)).includes('toys'));
    }
    await api.send({ method: 'DELETE', path: `${RBAC}/clusterroles/more` });
    await waitUntil('admin to follow', async () => !JSON.stringify(await rulesOf('admin')).includes('toys'));
    t.pass();
  },
);

test.serial('nobody grants what they do not hold', async (t) => {
  await make(`${RBAC}/namespaces/default/rolebindings`, {
    metadata: { name: 'ada' },
    roleRef: refTo('ClusterRole', 'admin'),
    subjects: [{ kind: 'User', apiGroup: 'rbac.authorization.k8s.io', name: 'ada' }],
  });
  const send = (path: string, body: Record<string, unknown>, method = 'POST') =>
    api.send({
      method,
      path: `${RBAC}/namespaces/default/${path}`,
      headers: as('ada'),
      body: { apiVersion: 'rbac.authorization.k8s.io/v1', ...body },
    });
  const role = (name: string, verbs: readonly string[]) => ({
    kind: 'Role',
    metadata: { name },
    rules: [{ apiGroups: ['holt.dev'], resources: ['uservms', 'uservms/commit'], verbs }],
  });
  await waitUntil(
    'ada to be admin',
    async () => (await api.send({ path: VMS, headers: as('ada') })).code === 200,
  );
  const beyond = await send('roles', role('beyond', ['get', 'create']));
  t.is(beyond.code, 403);
  t.is(
    beyond.json.message,
    'roles.rbac.authorization.k8s.io "beyond" is forbidden: user "ada" (groups=["system:authenticated"]) is attempting to grant RBAC permissions not currently held:\n' +
      '{APIGroups:["holt.dev"], Resources:["uservms/commit"], Verbs:["get" "create"]}',
  );
  const applied = await api.send({
    method: 'PATCH',
    path: `${RBAC}/namespaces/default/roles/beyond?fieldManager=ada`,
    headers: { ...as('ada'), 'content-type': 'application/apply-patch+yaml' },
    body: { apiVersion: 'rbac.authorization.k8s.io/v1', ...role('beyond', ['get']) },
  });
  t.is(applied.code, 403);
  const held = {
    kind: 'Role',
    metadata: { name: 'held' },
    rules: [{ apiGroups: [''], resources: ['secrets'], verbs: ['get'] }],
  };
  t.is((await send('roles', held)).code, 201);
  const binding = (name: string, to: unknown) => ({
    kind: 'RoleBinding',
    metadata: { name },
    roleRef: to,
    subjects: [{ kind: 'User', apiGroup: 'rbac.authorization.k8s.io', name: 'friend' }],
  });
  await waitUntil(
    'the role to be known',
    async () => (await send('rolebindings?dryRun=All', binding('gift', refTo('Role', 'held')))).code === 201,
  );
  t.is((await send('rolebindings', binding('gift', refTo('Role', 'held')))).code, 201);
  const all = await send('rolebindings', binding('all', refTo('ClusterRole', 'cluster-admin')));
  t.is(all.code, 403);
  t.regex(all.json.message, /\{APIGroups:\["\*"\], Resources:\["\*"\], Verbs:\["\*"\]\}/);
  t.is((await send('rolebindings', binding('none', refTo('Role', 'nowhere')))).code, 404);
  await make(`${RBAC}/clusterroles`, {
    metadata: { name: 'granter' },
    rules: [
      {
        apiGroups: ['rbac.authorization.k8s.io'],
        resources: ['clusterroles', 'roles'],
        verbs: ['bind', 'escalate'],
      },
    ],
  });
  await make(`${RBAC}/namespaces/default/rolebindings`, {
    metadata: { name: 'granter' },
    roleRef: refTo('ClusterRole', 'granter'),
    subjects: [{ kind: 'User', apiGroup: 'rbac.authorization.k8s.io', name: 'ada' }],
  });
  await waitUntil(
    'ada may bind',
    async () =>
      (await send('rolebindings', binding('all', refTo('ClusterRole', 'cluster-admin')))).code === 201,
  );
  t.is((await send('roles', role('beyond', ['get', 'create']))).code, 201);
});

test.serial(
  'what was taken from a bootstrap role comes back with the next start; what is out of the update stays',
  async (t) => {
    const role = (name: string) => `${RBAC}/clusterroles/${name}`;
    const patch = async (name: string, body: unknown) => {
      const headers = { 'content-type': 'application/merge-patch+json' };
      const { code } = await api.send({ method: 'PATCH', path: role(name), headers, body });
      t.is(code, 200);
    };
    await patch('system:monitoring', { rules: [] });
    const annotations = { 'rbac.authorization.k8s.io/autoupdate': 'false' };
    await patch('system:auth-delegator', { metadata: { annotations }, rules: [] });
    await api.send({ method: 'DELETE', path: `${RBAC}/clusterrolebindings/system:monitoring` });
    await api.restartServer();
    t.true((await api.send({ path: role('system:monitoring') })).json.rules.length > 0);
    t.is((await api.send({ path: `${RBAC}/clusterrolebindings/system:monitoring` })).code, 200);
    t.deepEqual((await api.send({ path: role('system:auth-delegator') })).json.rules ?? [], []);
  },
);

test.serial('acting as somebody else needs the right to each part of them', async (t) => {
  await make(`${RBAC}/clusterroles`, {
    metadata: { name: 'actor' },
    rules: [
      { apiGroups: [''], resources: ['users'], verbs: ['impersonate'], resourceNames: ['hamlet'] },
      { apiGroups: ['authentication.k8s.io'], resources: ['userextras/play'], verbs: ['impersonate'] },
    ],
  });
  await make(`${RBAC}/clusterrolebindings`, {
    metadata: { name: 'actor' },
    roleRef: refTo('ClusterRole', 'actor'),
    subjects: [{ kind: 'User', apiGroup: 'rbac.authorization.k8s.io', name: 'mallory' }],
  });
  const whoami = (headers: Record<string, string>, who = 'stranger') =>
    api.send({
      method: 'POST',
      path: '/apis/authentication.k8s.io/v1/selfsubjectreviews',
      body: { apiVersion: 'authentication.k8s.io/v1', kind: 'SelfSubjectReview' },
      headers,
      as: who,
    });
  await waitUntil('mallory may act', async () => (await whoami(as('hamlet'))).code === 201);
  const played = await whoami({ ...as('hamlet'), 'impersonate-extra-play': 'tragedy' });
  t.deepEqual(played.json.status.userInfo, {
    username: 'hamlet',
    groups: ['system:authenticated'],
    extra: { play: ['tragedy'] },
  });
  t.is(
    (await whoami(as('ophelia'))).json.message,
    'users "ophelia" is forbidden: User "mallory" cannot impersonate resource "users" in API group "" at the cluster scope',
  );
  t.is((await whoami(as('hamlet', 'system:masters'))).code, 403);
  t.is((await whoami({ ...as('hamlet'), 'impersonate-uid': '7' })).code, 403);
  t.is((await whoami({ 'impersonate-group': 'x' })).code, 400);
  const robot = await whoami(as('system:serviceaccount:default:robot'), 'admin');
  t.deepEqual(robot.json.status.userInfo.groups, [
    'system:serviceaccounts',
    'system:serviceaccounts:default',
    'system:authenticated',
  ]);
});
