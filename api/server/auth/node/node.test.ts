import test from 'ava';
import { startTestApi, type TestApi, type TestResponse } from '../../../testing/test-api.ts';

let api: TestApi;

const HOLT = '/apis/holt.dev/v1alpha1';
const HERE = `${HOLT}/namespaces/default`;
const LEASES = '/apis/coordination.k8s.io/v1/namespaces/kube-node-lease/leases';

test.before(async () => {
  api = await startTestApi();
  for (const [name, nodeName] of [
    ['mine', 'node-1'],
    ['theirs', 'node-2'],
    ['unplaced', undefined],
  ] as const) {
    const apiVersion = 'holt.dev/v1alpha1';
    await asAdmin('POST', `${HERE}/uservms`, {
      apiVersion,
      kind: 'UserVM',
      metadata: { name },
      spec: { user: name },
    });
    if (nodeName !== undefined)
      await asAdmin('PATCH', `${HERE}/uservms/${name}/status`, { status: { nodeName } });
    await asAdmin('POST', `${HERE}/sandboxcontainers`, {
      apiVersion,
      kind: 'SandboxContainer',
      metadata: { name },
      spec: { vmRef: { name }, role: 'live', source: { image: 'example.com/web:1' } },
    });
    if (nodeName !== undefined)
      await asAdmin('PATCH', `${HERE}/sandboxcontainers/${name}/status`, { status: { nodeName } });
  }
  const digest = `sha256:${'0'.repeat(64)}`;
  const file = { name: 'file', digest, sizeBytes: 1 };
  await asAdmin('POST', `${HOLT}/guestimages`, {
    apiVersion: 'holt.dev/v1alpha1',
    kind: 'GuestImage',
    metadata: { name: 'debian' },
    spec: { version: '1', digest, kernel: file, initramfs: file, rootDisk: file, cmdline: 'quiet' },
  });
});

test.after.always(() => api?.dispose());

const onNode1 = { phase: 'Pending', nodeName: 'node-1' };
const PATCH_TYPE = { 'content-type': 'application/merge-patch+json' };

async function asAdmin(method: string, path: string, body: unknown): Promise<TestResponse> {
  const answer = await api.send({ method, path, body, ...(method === 'PATCH' && { headers: PATCH_TYPE }) });
  if (answer.code >= 300) throw new Error(`${method} ${path}: ${answer.text}`);
  return answer;
}

/** A request by node-1. */
function asNode(method: string, path: string, body?: unknown): Promise<TestResponse> {
  return api.send({
    method,
    path,
    headers: {
      'impersonate-user': 'system:node:node-1',
      'impersonate-group': 'system:nodes',
      ...(method === 'PATCH' ? PATCH_TYPE : {}),
    },
    ...(body === undefined ? {} : { body }),
  });
}

function commit(status: Record<string, unknown>) {
  return {
    apiVersion: 'holt.dev/v1alpha1',
    kind: 'StatusCommit',
    metadata: {},
    status,
    events: [],
    reportingComponent: 'holt-node',
    reportingInstance: 'node-1',
  };
}

test('a node reads one by one what is bound to it, and finds nothing else', async (t) => {
  t.is((await asNode('GET', `${HERE}/uservms/mine`)).code, 200);
  t.is((await asNode('GET', `${HERE}/sandboxcontainers/mine`)).code, 200);
  const other = await asNode('GET', `${HERE}/uservms/theirs`);
  t.is(other.code, 403);
  t.regex(other.json.message, /no relationship found between node 'node-1' and this object/);
  t.is((await asNode('GET', `${HERE}/sandboxcontainers/theirs`)).code, 403);
  t.is((await asNode('GET', `${HOLT}/guestimages`)).code, 200);
  for (const path of [
    '/api/v1/secrets',
    '/api/v1/namespaces/default/secrets/x',
    '/api/v1/configmaps',
    '/api/v1/nodes',
  ])
    t.is((await asNode('GET', path)).code, 403, path);
});

test('a node writes the status and the finalizers of what is bound to it, and nothing more of it', async (t) => {
  const patch = (path: string, body: unknown) => asNode('PATCH', `${HERE}/${path}`, body);
  t.is(
    (await asNode('POST', `${HERE}/uservms/mine/commit`, commit({ nodeName: 'node-1', phase: 'Running' })))
      .code,
    200,
  );
  t.is((await patch('uservms/mine', { metadata: { finalizers: ['holt.dev/vm'] } })).code, 200);
  t.is((await patch('uservms/mine', { metadata: { finalizers: [] } })).code, 200);
  const spec = await patch('uservms/mine', { spec: { cpus: 2 } });
  t.is(spec.code, 403);
  t.is(
    spec.json.message,
    'uservms.holt.dev "mine" is forbidden: a node may only change the finalizers of what is bound to it, and its status',
  );
  t.is((await patch('uservms/mine', { metadata: { labels: { a: 'b' } } })).code, 403);
  const moved = await asNode('POST', `${HERE}/uservms/mine/commit`, commit({ nodeName: 'node-2' }));
  t.is(
    moved.json.message,
    'uservms.holt.dev "mine" is forbidden: a node may not change status.nodeName of a UserVM',
  );
  t.is((await asNode('POST', `${HERE}/uservms/theirs/commit`, commit({ nodeName: 'node-1' }))).code, 403);
  t.is((await asNode('POST', `${HERE}/uservms/unplaced/commit`, commit({ nodeName: 'node-1' }))).code, 403);
  t.is((await asNode('DELETE', `${HERE}/uservms/mine`)).code, 403);
});

test('a container is written by the node of its VM, and by none while its VM is on none', async (t) => {
  const write = async (name: string) =>
    (await asNode('POST', `${HERE}/sandboxcontainers/${name}/commit`, commit(onNode1))).code;
  t.is(await write('mine'), 200);
  t.is(await write('theirs'), 403);
  t.is(await write('unplaced'), 403);
  t.is(await write('absent'), 404);
});

test('a node neither takes a container nor gives it away', async (t) => {
  const path = `${HERE}/sandboxcontainers/mine/commit`;
  for (const status of [{ phase: 'Pending' }, { ...onNode1, nodeName: 'node-2' }]) {
    const { code, json } = await asNode('POST', path, commit(status));
    t.is(code, 403);
    t.regex(json.message, /a node may not change status\.nodeName of a SandboxContainer/);
  }
});

test('each node says of a guest image what it has itself', async (t) => {
  const entry = (nodeName: string, present: boolean) => ({
    nodeName,
    present,
    verifiedAt: '2026-01-02T03:04:05Z',
  });
  const write = async (...nodes: readonly unknown[]) =>
    (await asNode('POST', `${HOLT}/guestimages/debian/commit`, commit({ nodes }))).code;
  t.is(await write(entry('node-1', true)), 200);
  t.is(await write(entry('node-1', true), entry('node-2', true)), 403);
  const digest = `sha256:${'a'.repeat(64)}`;
  const pointers = { desired: digest, current: digest, forNew: digest };
  const counts = { total: 0, updated: 0, ready: 0, unavailable: 0, failedVms: 0 };
  const rollout = { observedGeneration: 1, revision: 1, ...pointers, ...counts };
  const lead = await asNode('POST', `${HOLT}/guestimages/debian/commit`, commit({ rollout }));
  t.is(lead.code, 403);
  t.regex(lead.json.message, /a node may not change status\.rollout/);
  t.is((await asNode('PATCH', `${HOLT}/guestimages/debian`, { spec: { version: '2' } })).code, 403);
});

test('a node has its own Node and Lease', async (t) => {
  const node = (name: string, more: object = {}) => ({
    apiVersion: 'v1',
    kind: 'Node',
    metadata: { name },
    ...more,
  });
  t.is((await asNode('POST', '/api/v1/nodes', node('node-2'))).code, 403);
  t.is((await asNode('POST', '/api/v1/nodes', node('node-1', { spec: { unschedulable: true } }))).code, 403);
  t.is((await asNode('POST', '/api/v1/nodes', node('node-1'))).code, 201);
  const patch = (body: unknown) => asNode('PATCH', '/api/v1/nodes/node-1', body);
  t.is((await patch({ metadata: { labels: { 'kubernetes.io/arch': 'amd64' } } })).code, 200);
  const reserved = await patch({ metadata: { labels: { 'a.node-restriction.kubernetes.io/zone': 'x' } } });
  t.is(
    reserved.json.message,
    'nodes "node-1" is forbidden: node "node-1" is not allowed to modify labels: a.node-restriction.kubernetes.io/zone',
  );
  t.is((await patch({ spec: { unschedulable: true } })).code, 403);
  t.is((await asNode('GET', '/api/v1/nodes/node-2')).code, 403);
  const lease = (name: string) => ({
    apiVersion: 'coordination.k8s.io/v1',
    kind: 'Lease',
    metadata: { name },
    spec: {},
  });
  t.is((await asNode('POST', LEASES, lease('node-1'))).code, 201);
  t.is((await asNode('POST', LEASES, lease('node-2'))).code, 403);
  t.is((await asNode('GET', LEASES)).code, 403);
  t.is((await asNode('GET', LEASES.replace('kube-node-lease', 'kube-system'))).code, 403);
});

test('events are about the node and what is bound to it', async (t) => {
  const tell = async (name: string) =>
    (
      await asNode('POST', '/api/v1/namespaces/default/events', {
        apiVersion: 'v1',
        kind: 'Event',
        metadata: { generateName: 'x' },
        involvedObject: { kind: 'UserVM', namespace: 'default', name },
        reason: 'Told',
        message: 'told',
        type: 'Normal',
      })
    ).code;
  t.is(await tell('mine'), 201);
  t.is(await tell('theirs'), 403);
});
