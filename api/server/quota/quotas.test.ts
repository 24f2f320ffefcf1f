import test from 'ava';
import { startTestApi, type TestApi, type TestObject } from '../../testing/test-api.ts';
import { waitUntil } from '../../testing/wait-until.ts';

let api: TestApi;

test.before(async () => {
  api = await startTestApi();
});

test.after.always(() => api?.dispose());

const MERGE = { 'content-type': 'application/merge-patch+json' };
const APPLY = { 'content-type': 'application/apply-patch+yaml' };

/** A namespace of its own for each test. */
async function namespaceOf(name: string): Promise<string> {
  const body = { apiVersion: 'v1', kind: 'Namespace', metadata: { name } };
  await api.send({ method: 'POST', path: '/api/v1/namespaces', body });
  return `/api/v1/namespaces/${name}`;
}

function quotaOf(name: string, hard: Record<string, string>) {
  return { apiVersion: 'v1', kind: 'ResourceQuota', metadata: { name }, spec: { hard } };
}

async function limit(namespace: string, name: string, hard: Record<string, string>) {
  return api.send({ method: 'POST', path: `${namespace}/resourcequotas`, body: quotaOf(name, hard) });
}

async function used(namespace: string, name: string): Promise<TestObject> {
  return (await api.send({ path: `${namespace}/resourcequotas/${name}` })).json.status?.used;
}

function createConfigMap(namespace: string, name: string, query = '', server = api) {
  const body = { apiVersion: 'v1', kind: 'ConfigMap', metadata: { name } };
  return server.send({ method: 'POST', path: `${namespace}/configmaps${query}`, body });
}

const HOLT = '/apis/holt.dev/v1alpha1';

function vmsOf(namespace: string): string {
  return `${HOLT}/namespaces/${namespace.slice('/api/v1/namespaces/'.length)}/uservms`;
}

function vm(name: string, spec: object) {
  return {
    apiVersion: 'holt.dev/v1alpha1',
    kind: 'UserVM',
    metadata: { name },
    spec: { user: name, ...spec },
  };
}

test.serial('without a quota nothing is asked of etcd but the write itself', async (t) => {
  const namespace = await namespaceOf('free');
  const other = await namespaceOf('charged');
  await limit(other, 'q', { configmaps: '10' });
  const calls = async () => {
    const { text } = await api.send({ path: '/metrics' });
    const of = (operation: string) =>
      Number(
        new RegExp(
          `etcd_request_duration_seconds_count\\{operation="${operation}",outcome="ok"\\} (\\d+)`,
        ).exec(text)?.[1],
      );
    return { range: of('range'), txn: of('txn') };
  };
  const cost = async (path: string) => {
    await createConfigMap(path, 'first');
    let last = await calls();
    await waitUntil('the server to have made what it makes at its start', async () => {
      const now = await calls();
      const isQuiet = now.txn === last.txn && now.range === last.range;
      last = now;
      return isQuiet;
    });
    const before = await calls();
    for (const name of ['a', 'b', 'c', 'd']) t.is((await createConfigMap(path, name)).code, 201);
    const after = await calls();
    return { range: after.range - before.range, txn: after.txn - before.txn };
  };
  t.deepEqual(await cost(namespace), { range: 0, txn: 4 });
  t.deepEqual(await cost(other), { range: 0, txn: 4 });
});

test.serial('etcd is killed among the writes: what is used stays what is there', async (t) => {
  const namespace = await namespaceOf('killed');
  await limit(namespace, 'q', { configmaps: '200' });
  const codes: number[] = [];
  const creating = Array.from({ length: 100 }, async (_, index) => {
    codes.push((await createConfigMap(namespace, `c${index}`)).code);
  });
  await waitUntil('some are made', async () => codes.includes(201));
  await api.etcd.kill();
  await Promise.all(creating);
  await api.etcd.start();
  t.deepEqual(
    codes.filter((code) => code !== 201 && code !== 503),
    [],
  );
  await waitUntil(
    'writes are taken again',
    async () => (await createConfigMap(namespace, 'after')).code === 201,
  );
  const { items } = (await api.send({ path: `${namespace}/configmaps` })).json;
  t.deepEqual(await used(namespace, 'q'), { configmaps: String(items.length) });
});

test('what was there before its quota is counted; a quota holds from the moment it is made', async (t) => {
  const namespace = await namespaceOf('before');
  await createConfigMap(namespace, 'a');
  t.is((await limit(namespace, 'q', { configmaps: '2', 'count/configmaps': '5' })).code, 201);
  t.is((await createConfigMap(namespace, 'b')).code, 201);
  t.deepEqual(await used(namespace, 'q'), { configmaps: '2', 'count/configmaps': '2' });
  const refused = await createConfigMap(namespace, 'c');
  t.is(refused.code, 403);
  t.is(refused.json.reason, 'Forbidden');
  t.is(
    refused.json.message,
    'configmaps "c" is forbidden: exceeded quota: q, requested: configmaps=1, used: configmaps=2, limited: configmaps=2',
  );
  t.is((await createConfigMap(namespace, 'a')).json.reason, 'AlreadyExists');
});

test('of 200 creates at once the 50 that fit are made, and the quota says so', async (t) => {
  const namespace = await namespaceOf('race');
  await limit(namespace, 'q', { configmaps: '50' });
  const answers = await Promise.all(
    Array.from({ length: 200 }, (_, index) => createConfigMap(namespace, `c${index}`)),
  );
  const codes = answers.map(({ code }) => code);
  t.is(codes.filter((code) => code === 201).length, 50);
  t.is(codes.filter((code) => code === 403).length, 150, String(new Set(codes)));
  t.is((await api.send({ path: `${namespace}/configmaps` })).json.items.length, 50);
  t.deepEqual(await used(namespace, 'q'), { configmaps: '50' });
});

test('two servers over one etcd let no more through than one', async (t) => {
  const second = await startTestApi({ etcd: { ...api.etcd, dispose: async () => {} } });
  t.teardown(() => second.dispose());
  const namespace = await namespaceOf('replicas');
  await limit(namespace, 'q', { configmaps: '100' });
  const answers = await Promise.all(
    Array.from({ length: 160 }, (_, index) =>
      createConfigMap(namespace, `c${index}`, '', index % 2 === 0 ? api : second),
    ),
  );
  const codes = answers.map(({ code }) => code);
  t.is(codes.filter((code) => code === 201).length, 100, codes.join());
  t.is(codes.filter((code) => code === 403).length, 60, codes.join());
  t.deepEqual(await used(namespace, 'q'), { configmaps: '100' });
});

test('a quota that is made among creates misses none of them', async (t) => {
  const namespace = await namespaceOf('amid');
  const creating = Array.from({ length: 60 }, (_, index) => createConfigMap(namespace, `c${index}`));
  const [answers] = await Promise.all([Promise.all(creating), limit(namespace, 'q', { configmaps: '30' })]);
  const made = answers.filter(({ code }) => code === 201).length;
  t.true(made >= 30);
  t.is((await api.send({ path: `${namespace}/configmaps` })).json.items.length, made);
  t.is((await createConfigMap(namespace, 'one-more')).code, 403);
});

test('every quota of a namespace must allow a write, and each is charged or none', async (t) => {
  const namespace = await namespaceOf('two');
  await limit(namespace, 'narrow', { configmaps: '1' });
  await limit(namespace, 'wide', { configmaps: '10', secrets: '1' });
  t.is((await createConfigMap(namespace, 'a')).code, 201);
  t.regex((await createConfigMap(namespace, 'b')).json.message, /exceeded quota: narrow, /);
  t.is((await used(namespace, 'narrow')).configmaps, '1');
  t.is((await used(namespace, 'wide')).configmaps, '1');
});

test('what is deleted frees its room at once', async (t) => {
  const namespace = await namespaceOf('frees');
  await limit(namespace, 'q', { configmaps: '1' });
  for (let round = 0; round < 5; round += 1) {
    t.is((await createConfigMap(namespace, 'a')).code, 201);
    t.is((await createConfigMap(namespace, 'b')).code, 403);
    t.is((await api.send({ method: 'DELETE', path: `${namespace}/configmaps/a` })).code, 200);
  }
  t.is((await createConfigMap(namespace, 'b')).code, 201);
});

test('a dry run is checked and charges nothing', async (t) => {
  const namespace = await namespaceOf('dry');
  await limit(namespace, 'q', { configmaps: '1' });
  t.is((await createConfigMap(namespace, 'a', '?dryRun=All')).code, 201);
  t.is(await used(namespace, 'q'), undefined);
  t.is((await createConfigMap(namespace, 'a')).code, 201);
  t.is((await createConfigMap(namespace, 'b', '?dryRun=All')).code, 403);
  t.deepEqual(await used(namespace, 'q'), { configmaps: '1' });
});

test('machines: their sizes are summed, and growth is charged by update, patch and apply', async (t) => {
  const namespace = await namespaceOf('sizes');
  const hard = {
    cpu: '4',
    'requests.memory': '3Gi',
    'requests.storage': '10Gi',
    'count/uservms.holt.dev': '2',
  };
  await limit(namespace, 'q', hard);
  const path = vmsOf(namespace);
  const create = (name: string, spec: object) => api.send({ method: 'POST', path, body: vm(name, spec) });
  t.is((await create('sizes-a', { cpus: 2, memory: '1Gi' })).code, 201);
  t.is((await create('sizes-b', { memory: '512Mi', dataVolume: { size: '5Gi' } })).code, 201);
  t.deepEqual(await used(namespace, 'q'), {
    'count/uservms.holt.dev': '2',
    cpu: '3',
    'requests.memory': '1536Mi',
    'requests.storage': '9Gi',
  });
  t.regex(
    (await create('sizes-c', { cpus: 2 })).json.message,
    /exceeded quota: q, requested: count\/uservms\.holt\.dev=1,cpu=2,requests\.storage=4Gi, used: count\/uservms\.holt\.dev=2,cpu=3,requests\.storage=9Gi, limited: count\/uservms\.holt\.dev=2,cpu=4,requests\.storage=10Gi$/,
  );
  const patch = (spec: object, query = '') =>
    api.send({ method: 'PATCH', path: `${path}/sizes-b${query}`, body: { spec }, headers: MERGE });
  t.is((await patch({ cpus: 2 }, '?dryRun=All')).code, 200);
  t.is((await used(namespace, 'q')).cpu, '3');
  t.is((await patch({ cpus: 2 })).code, 200);
  t.is((await used(namespace, 'q')).cpu, '4');
  t.regex((await patch({ cpus: 3 })).json.message, /requested: cpu=1, used: cpu=4, limited: cpu=4$/);
  const current = (await api.send({ path: `${path}/sizes-b` })).json;
  current.spec.memory = '4Gi';
  const put = await api.send({ method: 'PUT', path: `${path}/sizes-b`, body: current });
  t.regex(
    put.json.message,
    /exceeded quota: q, requested: requests\.memory=3584Mi, used: requests\.memory=1536Mi/,
  );
  const apply = (memory: string) =>
    api.send({
      method: 'PATCH',
      path: `${path}/sizes-b?fieldManager=test&force=true`,
      body: vm('sizes-b', { memory }),
      headers: APPLY,
    });
  t.is((await apply('2Gi')).code, 200);
  t.is((await used(namespace, 'q'))['requests.memory'], '3Gi');
  t.is((await apply('2049Mi')).code, 403);
  // Less is always allowed, and more again once usage was counted anew.
  t.is((await apply('1Gi')).code, 200);
  t.is((await apply('2Gi')).code, 200);
  t.is((await apply('2049Mi')).code, 403);
});

test('applied into being is charged like created', async (t) => {
  const namespace = await namespaceOf('applied');
  await limit(namespace, 'q', { configmaps: '1' });
  const apply = (name: string) =>
    api.send({
      method: 'PATCH',
      path: `${namespace}/configmaps/${name}?fieldManager=test`,
      body: { apiVersion: 'v1', kind: 'ConfigMap', metadata: { name } },
      headers: APPLY,
    });
  t.is((await apply('a')).code, 201);
  t.is((await apply('a')).code, 200);
  t.is((await apply('b')).code, 403);
});

test('limits of containers are summed; a quota of other names says nothing', async (t) => {
  const namespace = await namespaceOf('limits');
  await limit(namespace, 'q', { 'limits.memory': '384Mi', pods: '0', 'example.com/cows': '0' });
  const path = vmsOf(namespace).replace('uservms', 'sandboxcontainers');
  const create = (name: string, memory: string) =>
    api.send({
      method: 'POST',
      path,
      body: {
        apiVersion: 'holt.dev/v1alpha1',
        kind: 'SandboxContainer',
        metadata: { name },
        spec: {
          vmRef: { name: 'x' },
          role: 'job',
          restartPolicy: 'Never',
          source: { closure: '/opt/x' },
          command: ['/x'],
          resources: { memory },
        },
      },
    });
  t.is((await create('a', '256Mi')).code, 201);
  t.is((await create('b', '129Mi')).code, 403);
  t.is((await create('b', '128Mi')).code, 201);
  t.deepEqual(await used(namespace, 'q'), { 'example.com/cows': '0', 'limits.memory': '384Mi', pods: '0' });
});

test('a changed quota holds at once, and forgets what it limits no more', async (t) => {
  const namespace = await namespaceOf('changed');
  await limit(namespace, 'q', { configmaps: '1' });
  const change = (hard: object) =>
    api.send({
      method: 'PATCH',
      path: `${namespace}/resourcequotas/q`,
      body: { spec: { hard } },
      headers: MERGE,
    });
  t.is((await createConfigMap(namespace, 'a')).code, 201);
  await change({ configmaps: '2' });
  t.is((await createConfigMap(namespace, 'b')).code, 201);
  await change({ configmaps: null, secrets: '1' });
  t.is((await createConfigMap(namespace, 'c')).code, 201);
  t.deepEqual(await used(namespace, 'q'), {});
  await change({ configmaps: '4' });
  t.is((await createConfigMap(namespace, 'd')).code, 201);
  t.deepEqual(await used(namespace, 'q'), { configmaps: '4', secrets: '0' });
  t.is((await createConfigMap(namespace, 'e')).code, 403);
  t.is((await api.send({ method: 'DELETE', path: `${namespace}/resourcequotas/q` })).code, 200);
  t.is((await createConfigMap(namespace, 'e')).code, 201);
});

test('a quota that is made or changed makes the creates under way look anew, one that is charged does not', async (t) => {
  const namespace = await namespaceOf('announced');
  const revision = async () => (await api.send({ path: namespace })).json.metadata.resourceVersion;
  const patch = (body: object) =>
    api.send({ method: 'PATCH', path: `${namespace}/resourcequotas/q`, body, headers: MERGE });
  const before = await revision();
  await limit(namespace, 'q', { configmaps: '1' });
  const made = await revision();
  t.not(made, before);
  await createConfigMap(namespace, 'a');
  await patch({ metadata: { labels: { a: 'b' } } });
  t.is(await revision(), made);
  await patch({ spec: { hard: { secrets: '1' } } });
  t.not(await revision(), made);
});

test('quotas count quotas, and kinds that were defined while the server runs', async (t) => {
  const namespace = await namespaceOf('defined');
  await limit(namespace, 'q', { resourcequotas: '2', 'count/cows.farm.example.com': '1' });
  t.is((await limit(namespace, 'r', {})).code, 201);
  t.is((await limit(namespace, 's', {})).code, 403);
  const names = { plural: 'cows', singular: 'cow', kind: 'Cow', listKind: 'CowList' };
  const schema = { openAPIV3Schema: { type: 'object' } };
  await api.send({
    method: 'POST',
    path: '/apis/apiextensions.k8s.io/v1/customresourcedefinitions',
    body: {
      apiVersion: 'apiextensions.k8s.io/v1',
      kind: 'CustomResourceDefinition',
      metadata: { name: 'cows.farm.example.com' },
      spec: {
        group: 'farm.example.com',
        scope: 'Namespaced',
        names,
        versions: [{ name: 'v1', served: true, storage: true, schema }],
      },
    },
  });
  const path = '/apis/farm.example.com/v1/namespaces/defined/cows';
  await waitUntil('the kind is served', async () => (await api.send({ path })).code === 200);
  const create = (name: string) =>
    api.send({
      method: 'POST',
      path,
      body: { apiVersion: 'farm.example.com/v1', kind: 'Cow', metadata: { name } },
    });
  t.is((await create('a')).code, 201);
  t.regex(
    (await create('b')).json.message,
    /exceeded quota: q, requested: count\/cows\.farm\.example\.com=1/,
  );
});

test('a client does not say what is used; quantities are canonical; scopes are refused', async (t) => {
  const namespace = await namespaceOf('form');
  const body = { ...quotaOf('q', { cpu: '1000m' }), status: { hard: { cpu: '9' }, used: { cpu: '9' } } };
  const { json } = await api.send({ method: 'POST', path: `${namespace}/resourcequotas`, body });
  t.is(json.spec.hard.cpu, '1');
  t.is(json.status, undefined);
  const scoped = (spec: object) =>
    api.send({
      method: 'POST',
      path: `${namespace}/resourcequotas`,
      body: { ...quotaOf('scoped', {}), spec },
    });
  const byName = await scoped({ hard: { pods: '1' }, scopes: ['BestEffort'] });
  t.is(byName.code, 422);
  t.regex(byName.json.message, /spec\.scopes: Forbidden: scopes choose among Pods, and there are none here/);
  const selector = { matchExpressions: [{ scopeName: 'PriorityClass', operator: 'Exists' }] };
  t.regex((await scoped({ scopeSelector: selector })).json.message, /spec\.scopeSelector: Forbidden: /);
});
