import test from 'ava';
import { startTestApi, type TestApi } from '../../../testing/test-api.ts';
import { waitUntil } from '../../../testing/wait-until.ts';

let api: TestApi;

const RBAC = '/apis/rbac.authorization.k8s.io/v1';
const AS_BOOTSTRAP = { 'kubernetes.io/bootstrapping': 'rbac-defaults' };
const group = 'rbac.authorization.k8s.io';

test.before(async () => {
  api = await startTestApi();
});

test.after.always(() => api?.dispose());

async function make(plural: string, body: object): Promise<void> {
  const { code, text } = await api.send({ method: 'POST', path: `${RBAC}/${plural}`, body });
  if (code !== 201) throw new Error(text);
}

/** The role of an earlier release that could do nearly everything, and its binding. */
async function makeBroadRole(annotations: object): Promise<void> {
  const metadata = { name: 'holt:manager', labels: AS_BOOTSTRAP, annotations };
  const subjects = [{ kind: 'User', apiGroup: group, name: 'system:holt-manager' }];
  const roleRef = { apiGroup: group, kind: 'ClusterRole', name: 'holt:manager' };
  const rules = [{ verbs: ['*'], apiGroups: ['*'], resources: ['*'] }];
  await make('clusterroles', { apiVersion: `${group}/v1`, kind: 'ClusterRole', metadata, rules });
  await make('clusterrolebindings', {
    apiVersion: `${group}/v1`,
    kind: 'ClusterRoleBinding',
    metadata,
    roleRef,
    subjects,
  });
}

async function codes(): Promise<number[]> {
  const paths = ['clusterroles', 'clusterrolebindings'].map((plural) => `${RBAC}/${plural}/holt:manager`);
  return Promise.all(paths.map(async (path) => (await api.send({ path })).code));
}

function asManager(path: string, method = 'GET', body?: object) {
  const headers = { 'impersonate-user': 'system:holt-manager' };
  return api.send({ method, path, headers, ...(body === undefined ? {} : { body }) });
}

test.serial(
  'what an earlier release granted and this one does without is gone after the start',
  async (t) => {
    await makeBroadRole({ 'rbac.authorization.k8s.io/autoupdate': 'true' });
    t.is((await asManager('/api/v1/namespaces/default/configmaps/x')).code, 404);
    await api.restartServer();
    await waitUntil('it is gone', async () => (await codes()).every((code) => code === 404));
    t.is((await asManager('/api/v1/namespaces/default/configmaps/x')).code, 403);
  },
);

test.serial('unless somebody took it into their own care', async (t) => {
  await makeBroadRole({ 'rbac.authorization.k8s.io/autoupdate': 'false' });
  await api.restartServer();
  t.deepEqual(await codes(), [200, 200]);
});

test.serial('rights in one namespace are bound there, and come back when they are lost', async (t) => {
  const path = `${RBAC}/namespaces/kube-system/rolebindings/holt:leader-election`;
  const bound = await api.send({ path });
  t.is(bound.json.roleRef.kind, 'ClusterRole');
  t.is((await api.send({ method: 'DELETE', path })).code, 200);
  await api.restartServer();
  t.is((await api.send({ path })).code, 200);
});

test.serial("the manager's own identity gets no Secret, writes no spec and makes no role", async (t) => {
  await api.send({ method: 'DELETE', path: `${RBAC}/clusterrolebindings/holt:manager` });
  const HERE = '/apis/holt.dev/v1alpha1/namespaces/default';
  const lease = '/apis/coordination.k8s.io/v1/namespaces';
  for (const [method, path] of [
    ['GET', '/api/v1/namespaces/default/secrets/x'],
    ['PUT', `${HERE}/uservms/x`],
    ['POST', `${HERE}/uservms`],
    ['PUT', `${HERE}/uservms/x/status`],
    ['POST', `${RBAC}/clusterrolebindings`],
    ['PUT', '/api/v1/namespaces/default/configmaps/users-own'],
    ['GET', `${lease}/kube-system/leases/another`],
    ['PUT', `${lease}/kube-node-lease/leases/node-1`],
    ['DELETE', '/apis/holt.dev/v1alpha1/namespaces/default/uservms'],
  ] as const) {
    const { code, json } = await asManager(path, method, method === 'GET' ? undefined : {});
    t.is(code, 403, `${method} ${path}`);
    t.regex(json.message, / cannot /);
  }
});
