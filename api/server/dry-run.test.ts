import test from 'ava';
import { Etcd3Kv } from '../storage/etcd/etcd-kv.ts';
import { startTestApi, type TestApi, type TestObject, type TestRequest } from '../testing/test-api.ts';
import { waitUntil } from '../testing/wait-until.ts';

let api: TestApi;
let kv: Etcd3Kv;

const VMS = '/apis/holt.dev/v1alpha1/namespaces/default/uservms';
const MAPS = '/api/v1/namespaces/default/configmaps';
const CRONTABS = '/apis/dry.example.com/v1/namespaces/default/crontabs';
const MERGE = { 'content-type': 'application/merge-patch+json' };
const JSON_PATCH = { 'content-type': 'application/json-patch+json' };
const APPLY = { 'content-type': 'application/apply-patch+yaml' };

const vm = (name: string, cpus = 1) => ({
  apiVersion: 'holt.dev/v1alpha1',
  kind: 'UserVM',
  metadata: { name },
  spec: { user: name, cpus },
});
const configMap = (name: string) => ({ apiVersion: 'v1', kind: 'ConfigMap', metadata: { name } });
const post = (path: string, body: TestObject) => api.send({ method: 'POST', path, body });

const CRD = {
  apiVersion: 'apiextensions.k8s.io/v1',
  kind: 'CustomResourceDefinition',
  metadata: { name: 'crontabs.dry.example.com' },
  spec: {
    group: 'dry.example.com',
    scope: 'Namespaced',
    names: { plural: 'crontabs', kind: 'CronTab' },
    versions: [
      {
        name: 'v1',
        served: true,
        storage: true,
        subresources: {
          status: {},
          scale: { specReplicasPath: '.spec.replicas', statusReplicasPath: '.status.replicas' },
        },
        schema: { openAPIV3Schema: { type: 'object', 'x-kubernetes-preserve-unknown-fields': true } },
      },
    ],
  },
};

test.before(async () => {
  api = await startTestApi();
  kv = new Etcd3Kv(api.etcd.connection);
  await post('/apis/apiextensions.k8s.io/v1/customresourcedefinitions', CRD);
  await waitUntil('the kind', async () => (await api.send({ path: CRONTABS })).code === 200);
  await post(VMS, vm('ann'));
  await post(MAPS, configMap('there'));
  for (const name of ['emptied', 'kept'])
    await post('/api/v1/namespaces', { apiVersion: 'v1', kind: 'Namespace', metadata: { name } });
  await api.send({ method: 'DELETE', path: '/api/v1/namespaces/emptied' });
  await post('/api/v1/namespaces/default/serviceaccounts', {
    apiVersion: 'v1',
    kind: 'ServiceAccount',
    metadata: { name: 'robot' },
  });
});

test.after.always(async () => {
  kv?.close();
  await api?.dispose();
});

/** Tries a write; etcd's revision says that nothing at all was written. */
async function tried(request: TestRequest): Promise<TestObject> {
  const before = (await kv.range({ key: 'x' })).revision;
  const path = `${request.path}${request.path.includes('?') ? '&' : '?'}dryRun=All`;
  const { code, json } = await api.send({ ...request, path });
  if (code >= 300) throw new Error(`${request.method} ${path}: ${code} ${json.message}`);
  const after = (await kv.range({ key: 'x' })).revision;
  if (after !== before) throw new Error(`${request.method} ${path} has written`);
  return json;
}

const live = async (path: string): Promise<TestObject> => (await api.send({ path })).json;

test.serial('create, update, patch, apply: answered as if, and nothing is written', async (t) => {
  const created = await tried({ method: 'POST', path: VMS, body: vm('new') });
  t.is(created.spec.memory, '1Gi');
  t.is(created.metadata.resourceVersion, undefined);
  t.is(typeof created.metadata.uid, 'string');
  t.is(created.metadata.annotations, undefined, 'what is only tried begins no trace');
  const ann = await live(`${VMS}/ann`);
  const changed = { ...ann, spec: { ...ann.spec, cpus: 2 } };
  const updated = await tried({ method: 'PUT', path: `${VMS}/ann`, body: changed });
  t.is(updated.spec.cpus, 2);
  t.is(updated.metadata.generation, ann.metadata.generation + 1);
  t.is(updated.metadata.resourceVersion, ann.metadata.resourceVersion);
  const patch = { method: 'PATCH', path: `${VMS}/ann` };
  t.is((await tried({ ...patch, headers: MERGE, body: { spec: { cpus: 3 } } })).spec.cpus, 3);
  const op = [{ op: 'replace', path: '/spec/cpus', value: 4 }];
  t.is((await tried({ ...patch, headers: JSON_PATCH, body: op })).spec.cpus, 4);
  const applied = { method: 'PATCH', headers: APPLY };
  const query = '?fieldManager=me&force=true';
  t.is((await tried({ ...applied, path: `${VMS}/ann${query}`, body: vm('ann', 5) })).spec.cpus, 5);
  t.is((await tried({ ...applied, path: `${VMS}/ben${query}`, body: vm('ben', 5) })).spec.cpus, 5);
  t.deepEqual(await live(`${VMS}/ann`), ann);
});

test.serial(
  'deletes: of an object by each policy, of a collection, of a namespace and a definition',
  async (t) => {
    const path = `${MAPS}/there`;
    t.is((await tried({ method: 'DELETE', path })).status, 'Success');
    for (const propagationPolicy of ['Foreground', 'Orphan']) {
      const body = { kind: 'DeleteOptions', apiVersion: 'v1', propagationPolicy };
      t.is(typeof (await tried({ method: 'DELETE', path, body })).metadata.deletionTimestamp, 'string');
    }
    await tried({ method: 'DELETE', path: MAPS });
    const namespace = await tried({ method: 'DELETE', path: '/api/v1/namespaces/kept' });
    t.is(namespace.status.phase, 'Terminating');
    t.is((await live('/api/v1/namespaces/kept')).status.phase, 'Active');
    const crd = '/apis/apiextensions.k8s.io/v1/customresourcedefinitions/crontabs.dry.example.com';
    await tried({ method: 'DELETE', path: crd });
    t.is((await live(path)).metadata.deletionTimestamp, undefined);
    t.is((await live(CRONTABS)).kind, 'CronTabList');
  },
);

test.serial('status: update, patch, apply', async (t) => {
  const path = `${VMS}/ann/status`;
  const ann = await live(`${VMS}/ann`);
  const put = await tried({ method: 'PUT', path, body: { ...ann, status: { phase: 'Booting' } } });
  t.is(put.status.phase, 'Booting');
  const patch = { status: { phase: 'Failed' } };
  t.is((await tried({ method: 'PATCH', path, headers: MERGE, body: patch })).status.phase, 'Failed');
  const body = { ...vm('ann'), spec: undefined, status: { phase: 'Stopped' } };
  const applied = await tried({ method: 'PATCH', path: `${path}?fieldManager=me`, headers: APPLY, body });
  t.is(applied.status.phase, 'Stopped');
  t.deepEqual(await live(`${VMS}/ann`), ann);
});

test.serial('commit: neither the status nor its events', async (t) => {
  const body = {
    apiVersion: 'holt.dev/v1alpha1',
    kind: 'StatusCommit',
    metadata: {},
    status: { phase: 'Running' },
    events: [{ type: 'Normal', reason: 'Ready', message: 'it serves' }],
    reportingComponent: 'holt-node',
    reportingInstance: 'n1',
  };
  t.is((await tried({ method: 'POST', path: `${VMS}/ann/commit`, body })).status.phase, 'Running');
  t.deepEqual((await live('/api/v1/namespaces/default/events')).items, []);
});

test.serial('scale: update and patch', async (t) => {
  const object = { apiVersion: 'dry.example.com/v1', kind: 'CronTab', metadata: { name: 'c' }, spec: {} };
  await post(CRONTABS, object);
  const path = `${CRONTABS}/c/scale`;
  const scaled = await tried({ method: 'PATCH', path, headers: MERGE, body: { spec: { replicas: 3 } } });
  t.is(scaled.spec.replicas, 3);
  const body = {
    apiVersion: 'autoscaling/v1',
    kind: 'Scale',
    metadata: { name: 'c' },
    spec: { replicas: 4 },
  };
  t.is((await tried({ method: 'PUT', path, body })).spec.replicas, 4);
  t.is((await live(`${CRONTABS}/c`)).spec.replicas, undefined);
});

test.serial('token: the request is checked, and nothing is stored', async (t) => {
  const body = { apiVersion: 'authentication.k8s.io/v1', kind: 'TokenRequest', metadata: {}, spec: {} };
  const path = '/api/v1/namespaces/default/serviceaccounts/robot/token';
  t.is((await tried({ method: 'POST', path, body })).kind, 'TokenRequest');
});

test.serial('finalize: a namespace that would be gone is still there', async (t) => {
  const path = '/api/v1/namespaces/emptied';
  const namespace = await live(path);
  const body = { ...namespace, spec: { finalizers: [] } };
  await tried({ method: 'PUT', path: `${path}/finalize`, body });
  t.deepEqual(await live(path), namespace);
});

test.serial('a value of dryRun that there is not is refused, on the query and in the body', async (t) => {
  const query = await api.send({ method: 'POST', path: `${MAPS}?dryRun=Some`, body: configMap('no') });
  t.is(query.code, 422);
  t.regex(query.json.message, /dryRun: Unsupported value: "Some": supported values: "All"/);
  t.is((await api.send({ path: `${MAPS}/no` })).code, 404);
});
