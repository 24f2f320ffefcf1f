import { isDeepStrictEqual } from 'node:util';
import test from 'ava';
import { pino } from 'pino';
import { Registry } from 'prom-client';
import { ApiClient } from '../../api/client/index.ts';
import { startTestApi, type TestApi, type TestObject } from '../../api/testing/test-api.ts';
import { waitUntil } from '../../api/testing/wait-until.ts';
import { systemClock } from '../../lib/clock.ts';
import { parseQuantity } from '../../lib/quantity.ts';
import { runCommand } from '../../lib/run-command.ts';
import { createEventRelayMetrics } from '../eventrelay/controller.ts';
import { GarbageCollectionMetrics } from '../garbagecollection/metrics.ts';
import { type Manager, startManager } from '../manager.ts';
import { createControllerMetrics, StatusCommitter } from '../runtime/index.ts';

/** Each test is named after the upstream conformance test whose behaviour it holds, as far as no Pods are in it. */
let api: TestApi;
let client: ApiClient;
let manager: Manager;

const A_DAY_MS = 24 * 3_600_000;

function startWith(quotaResyncMs: number): Manager {
  const registry = new Registry();
  return startManager({
    client,
    clock: systemClock,
    logger: pino({ level: 'silent' }),
    metrics: createControllerMetrics(registry),
    garbageCollectionClient: client,
    garbageCollectionMetrics: new GarbageCollectionMetrics(registry),
    eventRelay: {
      config: { file: { enabled: false, fileMiB: 1, filesMax: 0 } },
      streamFile: '',
      holder: 'test',
      metrics: createEventRelayMetrics(registry),
    },
    committer: new StatusCommitter({ client, reportingComponent: 'test', reportingInstance: 'test' }),
    clusterCa: 'the authority of this test',
    apiPort: api.port,
    quotaResyncMs,
  });
}

test.before(async () => {
  api = await startTestApi();
  client = await ApiClient.fromKubeconfigFile(api.kubeconfig);
  // Whatever is counted anew is so because something happened.
  manager = startWith(A_DAY_MS);
});

test.after.always(async () => {
  await manager?.stop();
  await client?.close();
  await api?.dispose();
});

const MERGE = { 'content-type': 'application/merge-patch+json' };
const STRATEGIC = { 'content-type': 'application/strategic-merge-patch+json' };

/** A namespace of its own, with what the manager puts into it. */
async function namespaceOf(name: string): Promise<string> {
  const body = { apiVersion: 'v1', kind: 'Namespace', metadata: { name } };
  await api.send({ method: 'POST', path: '/api/v1/namespaces', body });
  const path = `/api/v1/namespaces/${name}`;
  await waitUntil('the defaults of the namespace', async () => {
    const found = await api.send({ path: `${path}/configmaps/kube-root-ca.crt` });
    return found.code === 200;
  });
  return path;
}

async function create(path: string, body: object): Promise<TestObject> {
  return (await api.send({ method: 'POST', path, body })).json;
}

function quotaOf(name: string, hard: Record<string, string>, labels = {}) {
  return { apiVersion: 'v1', kind: 'ResourceQuota', metadata: { name, labels }, spec: { hard } };
}

/** Source: newTestResourceQuota in kubernetes test/e2e/apimachinery/resource_quota.go */
const TEST_HARD = {
  pods: '5',
  services: '10',
  'services.nodeports': '1',
  'services.loadbalancers': '1',
  replicationcontrollers: '10',
  resourcequotas: '1',
  cpu: '1',
  memory: '500Mi',
  configmaps: '10',
  secrets: '10',
  persistentvolumeclaims: '10',
  'requests.storage': '10Gi',
  'gold.storageclass.storage.k8s.io/persistentvolumeclaims': '10',
  'gold.storageclass.storage.k8s.io/requests.storage': '10Gi',
  'count/replicasets.apps': '5',
  'requests.example.com/dongle': '3',
};

async function status(namespace: string, name = 'test-quota'): Promise<TestObject> {
  return (await api.send({ path: `${namespace}/resourcequotas/${name}` })).json.status;
}

/** Waits until the quota's status has caught up with its spec, and these are used. */
async function calculated(namespace: string, used: Record<string, string>): Promise<void> {
  await waitUntil(`used: ${JSON.stringify(used)}`, async () => {
    const { json } = await api.send({ path: `${namespace}/resourcequotas/test-quota` });
    if (!isDeepStrictEqual(json.spec.hard, json.status?.hard)) return false;
    return Object.entries(used).every(([name, amount]) => json.status.used[name] === amount);
  });
}

async function testQuota(namespace: string, hard: Record<string, string> = {}): Promise<void> {
  await create(`${namespace}/resourcequotas`, quotaOf('test-quota', { ...TEST_HARD, ...hard }));
  await calculated(namespace, { resourcequotas: '1' });
}

test.serial(
  '[sig-api-machinery] ResourceQuota should create a ResourceQuota and ensure its status is promptly calculated. [Conformance]',
  async (t) => {
    const namespace = await namespaceOf('promptly');
    await testQuota(namespace);
    t.deepEqual(Object.keys((await status(namespace)).used).sort(), Object.keys(TEST_HARD).sort());
  },
);

async function captureLife(namespace: string, resource: string, object: TestObject): Promise<void> {
  const { items } = (await api.send({ path: `${namespace}/${resource}` })).json;
  const before = String(items.length);
  const after = String(items.length + 1);
  await testQuota(namespace, { [resource]: after });
  await calculated(namespace, { [resource]: before });
  await create(`${namespace}/${resource}`, object);
  await calculated(namespace, { [resource]: after });
  const second = { ...object, metadata: { name: 'one-too-many' } };
  const refused = await api.send({ method: 'POST', path: `${namespace}/${resource}`, body: second });
  if (refused.code !== 403) throw new Error(`${resource}: ${refused.text}`);
  await api.send({ method: 'DELETE', path: `${namespace}/${resource}/${object.metadata.name}` });
  await calculated(namespace, { [resource]: before });
}

test.serial(
  '[sig-api-machinery] ResourceQuota should create a ResourceQuota and capture the life of a service. [Conformance]',
  async (t) => {
    const spec = { clusterIP: 'None', ports: [{ port: 80 }] };
    await captureLife(await namespaceOf('services'), 'services', {
      apiVersion: 'v1',
      kind: 'Service',
      metadata: { name: 'test-service' },
      spec,
    });
    t.pass();
  },
);

test.serial(
  '[sig-api-machinery] ResourceQuota should create a ResourceQuota and capture the life of a secret. [Conformance]',
  async (t) => {
    await captureLife(await namespaceOf('secrets'), 'secrets', {
      apiVersion: 'v1',
      kind: 'Secret',
      metadata: { name: 'test-secret' },
      data: { 'data-1': 'dmFsdWUtMQ0K' },
    });
    t.pass();
  },
);

test.serial(
  '[sig-api-machinery] ResourceQuota should create a ResourceQuota and capture the life of a configMap. [Conformance]',
  async (t) => {
    await captureLife(await namespaceOf('configmaps'), 'configmaps', {
      apiVersion: 'v1',
      kind: 'ConfigMap',
      metadata: { name: 'test-configmap' },
      data: { a: 'b' },
    });
    t.pass();
  },
);

test.serial(
  '[sig-api-machinery] ResourceQuota should create a ResourceQuota and capture the life of a custom resource.',
  async (t) => {
    const namespace = await namespaceOf('custom');
    const group = 'resourcequota.example.com';
    const name = `count/e2e-tests.${group}`;
    await create(`${namespace}/resourcequotas`, quotaOf('test-quota', { [name]: '1' }));
    await calculated(namespace, { [name]: '0' });
    const names = { plural: 'e2e-tests', singular: 'e2e-test', kind: 'E2eTest', listKind: 'E2eTestList' };
    const schema = { openAPIV3Schema: { type: 'object' } };
    await create('/apis/apiextensions.k8s.io/v1/customresourcedefinitions', {
      apiVersion: 'apiextensions.k8s.io/v1',
      kind: 'CustomResourceDefinition',
      metadata: { name: `e2e-tests.${group}` },
      spec: {
        group,
        scope: 'Namespaced',
        names,
        versions: [{ name: 'v1', served: true, storage: true, schema }],
      },
    });
    const path = `/apis/${group}/v1/namespaces/custom/e2e-tests`;
    await waitUntil('the kind is served', async () => (await api.send({ path })).code === 200);
    const object = (of: string) => ({ apiVersion: `${group}/v1`, kind: 'E2eTest', metadata: { name: of } });
    await create(path, object('test'));
    await calculated(namespace, { [name]: '1' });
    t.is((await create(path, object('second'))).code, 403);
    await api.send({ method: 'DELETE', path: `${path}/test` });
    await calculated(namespace, { [name]: '0' });
    t.is((await create(path, object('second'))).kind, 'E2eTest');
    await calculated(namespace, { [name]: '1' });
    const definition = `/apis/apiextensions.k8s.io/v1/customresourcedefinitions/e2e-tests.${group}`;
    await api.send({ method: 'DELETE', path: definition });
    await calculated(namespace, { [name]: '0' });
  },
);

test.serial(
  '[sig-api-machinery] ResourceQuota should be able to update and delete ResourceQuota. [Conformance]',
  async (t) => {
    const namespace = await namespaceOf('update');
    const path = `${namespace}/resourcequotas/test-quota`;
    await create(`${namespace}/resourcequotas`, quotaOf('test-quota', { cpu: '1', memory: '500Mi' }));
    t.deepEqual((await api.send({ path })).json.spec.hard, { cpu: '1', memory: '500Mi' });
    const body = quotaOf('test-quota', { cpu: '2', memory: '1Gi' });
    t.deepEqual((await api.send({ method: 'PUT', path, body })).json.spec.hard, { cpu: '2', memory: '1Gi' });
    t.deepEqual((await api.send({ path })).json.spec.hard, { cpu: '2', memory: '1Gi' });
    await calculated(namespace, { cpu: '0', memory: '0' });
    t.is((await api.send({ method: 'DELETE', path })).code, 200);
    t.is((await api.send({ path })).code, 404);
  },
);

test.serial(
  '[sig-api-machinery] ResourceQuota should manage the lifecycle of a ResourceQuota [Conformance]',
  async (t) => {
    const namespace = await namespaceOf('lifecycle');
    const label = { 'e2e-rq-label': 'e2e-quota' };
    await create(`${namespace}/resourcequotas`, quotaOf('e2e-quota', { cpu: '1', memory: '500Mi' }, label));
    const selected = 'labelSelector=e2e-rq-label%3De2e-quota';
    const list = async () => (await api.send({ path: `/api/v1/resourcequotas?${selected}` })).json.items;
    t.is((await list()).length, 1);
    const patched = await api.send({
      method: 'PATCH',
      path: `${namespace}/resourcequotas/e2e-quota`,
      headers: STRATEGIC,
      body: { metadata: { labels: { 'e2e-quota': 'patched' } }, spec: { hard: { memory: '750Mi' } } },
    });
    t.is(patched.json.metadata.labels['e2e-quota'], 'patched');
    t.deepEqual(patched.json.spec.hard, { cpu: '1', memory: '750Mi' });
    await api.send({ method: 'DELETE', path: `${namespace}/resourcequotas?${selected}` });
    t.deepEqual(await list(), []);
  },
);

test.serial('a namespace with quotas in it is emptied, and goes', async (t) => {
  const namespace = await namespaceOf('doomed');
  await testQuota(namespace);
  await create(`${namespace}/secrets`, { apiVersion: 'v1', kind: 'Secret', metadata: { name: 'a' } });
  await api.send({ method: 'DELETE', path: namespace });
  await waitUntil('the namespace is gone', async () => (await api.send({ path: namespace })).code === 404);
  t.deepEqual((await api.send({ path: `${namespace}/resourcequotas` })).json.items, []);
});

async function kubectl(...args: string[]): Promise<string> {
  const env = { ...process.env, KUBECONFIG: api.kubeconfig, HOME: api.dir };
  const { stdout, stderr } = await runCommand(['kubectl', ...args], { env, timeoutMs: 60_000 });
  return stdout + stderr;
}

test.serial('kubectl creates a quota, and shows it by itself and with its namespace', async (t) => {
  const namespace = await namespaceOf('shown');
  const hard = '--hard=configmaps=2,requests.memory=2Gi,limits.cpu=1,count/uservms.holt.dev=3';
  t.is(
    await kubectl('-n', 'shown', 'create', 'quota', 'test-quota', hard),
    'resourcequota/test-quota created\n',
  );
  await calculated(namespace, { configmaps: '1' });
  t.is(
    await kubectl('-n', 'shown', 'describe', 'quota', 'test-quota'),
    [
      'Name:                   test-quota',
      'Namespace:              shown',
      'Resource                Used  Hard',
      '--------                ----  ----',
      'configmaps              1     2',
      'count/uservms.holt.dev  0     3',
      'limits.cpu              0     1',
      'requests.memory         0     2Gi',
      '',
    ].join('\n'),
  );
  t.regex(
    await kubectl('describe', 'namespace', 'shown'),
    /\nResource Quotas\n +Name: +test-quota\n +Resource +Used +Hard\n.*\n +configmaps +1 +2\n/,
  );
  t.regex(
    await kubectl('-n', 'shown', 'get', 'quota'),
    /\ntest-quota +\d+s +configmaps: 1\/2, count\/uservms\.holt\.dev: 0\/3, requests\.memory: 0\/2Gi +limits\.cpu: 0\/1\n/,
  );
  await kubectl('-n', 'shown', 'create', 'configmap', 'a');
  t.is(
    await kubectl('-n', 'shown', 'create', 'configmap', 'b'),
    'error: failed to create configmap: configmaps "b" is forbidden: exceeded quota: test-quota, requested: configmaps=1, used: configmaps=2, limited: configmaps=2\n',
  );
});

test.serial('a machine that shrinks gives back what it took', async (t) => {
  const namespace = await namespaceOf('shrinks');
  await create(`${namespace}/resourcequotas`, quotaOf('test-quota', { memory: '4Gi', 'requests.cpu': '8' }));
  const path = '/apis/holt.dev/v1alpha1/namespaces/shrinks/uservms';
  const spec = { user: 'shrinks', memory: '2Gi', cpus: 4 };
  const vm = { apiVersion: 'holt.dev/v1alpha1', kind: 'UserVM', metadata: { name: 'vm' }, spec };
  await create(path, vm);
  await calculated(namespace, { memory: '2Gi', 'requests.cpu': '4' });
  const body = { spec: { memory: '1536Mi', cpus: 1 } };
  await api.send({ method: 'PATCH', path: `${path}/vm`, headers: MERGE, body });
  await calculated(namespace, { memory: '1536Mi', 'requests.cpu': '1' });
  t.pass();
});

test.serial(
  'under creates and deletes at once, through two servers, the limit holds and no room is lost',
  async (t) => {
    const second = await startTestApi({ etcd: { ...api.etcd, dispose: async () => {} } });
    t.teardown(() => second.dispose());
    const namespace = await namespaceOf('churn');
    const path = `${namespace}/secrets`;
    await create(`${namespace}/resourcequotas`, quotaOf('test-quota', { secrets: '30' }));
    const secret = (name: string) => ({ apiVersion: 'v1', kind: 'Secret', metadata: { name } });
    const churn = async (worker: number) => {
      for (let round = 0; round < 15; round += 1) {
        const server = (worker + round) % 2 === 0 ? api : second;
        const name = `s${worker}-${round}`;
        const { code } = await server.send({ method: 'POST', path, body: secret(name) });
        t.true(code === 201 || code === 403, String(code));
        if (code === 201 && round % 3 > 0) await server.send({ method: 'DELETE', path: `${path}/${name}` });
        t.true((await server.send({ path })).json.items.length <= 30);
      }
    };
    await Promise.all([1, 2, 3, 4, 5, 6, 7, 8].map(churn));
    for (let more = 0; more <= 30; more += 1) await create(path, secret(`more-${more}`));
    t.is((await api.send({ path })).json.items.length, 30);
    await calculated(namespace, { secrets: '30' });
  },
);

test.serial('machines that grow and shrink at once never have more than the limit in all', async (t) => {
  const namespace = await namespaceOf('sizes');
  const path = '/apis/holt.dev/v1alpha1/namespaces/sizes/uservms';
  await create(`${namespace}/resourcequotas`, quotaOf('test-quota', { 'requests.memory': '4Gi' }));
  const sum = async () => {
    const { items } = (await api.send({ path })).json;
    return items.reduce((all: number, { spec }: TestObject) => all + parseQuantity(spec.memory), 0);
  };
  const outcomes = new Map<number, number>();
  const resize = async (worker: number) => {
    const name = `sizes-${worker}`;
    const spec = { user: name, memory: '256Mi' };
    await create(path, { apiVersion: 'holt.dev/v1alpha1', kind: 'UserVM', metadata: { name }, spec });
    for (let round = 0; round < 12; round += 1) {
      const memory = `${256 * (1 + ((worker * 7 + round * 5) % 8))}Mi`;
      const body = { spec: { memory } };
      const { code } = await api.send({ method: 'PATCH', path: `${path}/${name}`, headers: MERGE, body });
      outcomes.set(code, (outcomes.get(code) ?? 0) + 1);
      t.true((await sum()) <= 4 * 2 ** 30);
    }
  };
  await Promise.all([1, 2, 3, 4, 5, 6].map(resize));
  t.deepEqual([...outcomes.keys()].sort(), [200, 403]);
  const total = await sum();
  await waitUntil('what is used is what there is', async () => {
    const text = (await status(namespace)).used['requests.memory'];
    return parseQuantity(text) === total;
  });
});

test.serial(
  '[sig-api-machinery] ResourceQuota should apply changes to a resourcequota status [Conformance]',
  async (t) => {
    await manager.stop();
    manager = startWith(300);
    const namespace = await namespaceOf('status');
    const path = `${namespace}/resourcequotas/e2e-rq-status`;
    await create(`${namespace}/resourcequotas`, quotaOf('e2e-rq-status', { cpu: '500m', memory: '500Mi' }));
    const watch = api.watch(`${namespace}/resourcequotas?watch=true`);
    const seen = (cpu: string) =>
      waitUntil(`a status with ${cpu} CPUs`, async () =>
        watch.events.some(({ object }) => object.status?.hard?.cpu === cpu),
      );
    const read = (await api.send({ path })).json;
    const { resourceVersion: _, ...metadata } = read.metadata;
    const updated = await api.send({
      method: 'PUT',
      path: `${path}/status`,
      body: { ...read, metadata, status: { hard: read.spec.hard } },
    });
    t.is(updated.code, 200);
    await seen('500m');
    const patch = (to: string, body: object) =>
      api.send({ method: 'PATCH', path: to, headers: STRATEGIC, body });
    await patch(path, { spec: { hard: { cpu: '1', memory: '1Gi' } } });
    const hard = { cpu: '1', memory: '1Gi' };
    t.deepEqual((await patch(`${path}/status`, { status: { hard } })).json.status.hard, hard);
    await seen('1');
    t.deepEqual((await api.send({ path: `${path}/status` })).json.status.hard, hard);
    const more = { cpu: '2', memory: '2Gi' };
    const repatched = await patch(`${path}/status`, { status: { hard: more } });
    t.deepEqual(repatched.json.status.hard, more);
    t.deepEqual(repatched.json.spec.hard, hard);
    await seen('2');
    await waitUntil('the status follows the spec again', async () =>
      isDeepStrictEqual((await status(namespace, 'e2e-rq-status')).hard, hard),
    );
    watch.close();
  },
);

test.serial('usage that is wrong is found and put right; one that is right is not written', async (t) => {
  const namespace = await namespaceOf('drift');
  await create(`${namespace}/resourcequotas`, quotaOf('test-quota', { secrets: '3' }));
  await calculated(namespace, { secrets: '0' });
  const path = `${namespace}/resourcequotas/test-quota`;
  const body = { status: { used: { secrets: '3' } } };
  await api.send({ method: 'PATCH', path: `${path}/status`, headers: MERGE, body });
  await calculated(namespace, { secrets: '0' });
  const before = (await api.send({ path })).json.metadata.resourceVersion;
  const other = await namespaceOf('drift-other');
  await create(`${other}/resourcequotas`, quotaOf('test-quota', { secrets: '3' }));
  const wrong = { method: 'PATCH', path: `${other}/resourcequotas/test-quota/status`, headers: MERGE, body };
  // By the time that another quota was put right twice, this one was looked at too.
  for (let round = 0; round < 2; round += 1) {
    await api.send(wrong);
    await calculated(other, { secrets: '0' });
  }
  t.is((await api.send({ path })).json.metadata.resourceVersion, before);
});
