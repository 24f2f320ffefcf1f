import test from 'ava';
import { runCommand } from '../../lib/run-command.ts';
import { startTestApi, type TestApi, type TestObject } from '../testing/test-api.ts';

let api: TestApi;
test.before(async () => {
  api = await startTestApi();
});
test.after.always(() => api?.dispose());

const COLLECTION = '/api/v1/namespaces/default/configmaps';

function configMap(name: string, metadata: TestObject = {}): TestObject {
  return { apiVersion: 'v1', kind: 'ConfigMap', metadata: { name, ...metadata } };
}

async function create(name: string, metadata: TestObject = {}): Promise<TestObject> {
  const made = await api.send({ method: 'POST', path: COLLECTION, body: configMap(name, metadata) });
  if (made.code !== 201) throw new Error(made.text);
  return made.json;
}

const remove = (name: string, options: TestObject | undefined = undefined, query = '') =>
  api.send({
    method: 'DELETE',
    path: `${COLLECTION}/${name}${query}`,
    ...(options === undefined ? {} : { body: options }),
  });
const read = async (name: string) => (await api.send({ path: `${COLLECTION}/${name}` })).json;
const names = async (query: string) =>
  (await api.send({ path: `${COLLECTION}${query}` })).json.items.map(
    (item: TestObject) => item.metadata.name,
  );

async function kubectl(...args: string[]) {
  return runCommand(['kubectl', '--kubeconfig', api.kubeconfig, ...args]);
}

test('Foreground and Orphan hold the object by their finalizer; a later delete may change that', async (t) => {
  await create('f');
  const held = await remove('f', { propagationPolicy: 'Foreground' });
  t.is(held.code, 200);
  t.deepEqual(held.json.metadata.finalizers, ['foregroundDeletion']);
  t.is(held.json.metadata.deletionGracePeriodSeconds, 0);
  const orphan = await remove('f', undefined, '?propagationPolicy=Orphan');
  t.deepEqual(orphan.json.metadata.finalizers, ['orphan']);
  t.is(orphan.json.metadata.deletionTimestamp, held.json.metadata.deletionTimestamp);
  t.deepEqual((await remove('f')).json.metadata.finalizers, ['orphan'], 'no policy: as it was');
  const gone = await remove('f', { propagationPolicy: 'Background' });
  t.is(gone.json.status, 'Success');
  t.is(gone.json.details.uid, held.json.metadata.uid);
});

test('the deprecated orphanDependents', async (t) => {
  await create('o', { finalizers: ['example.com/hold'] });
  t.is((await remove('o', { orphanDependents: false })).code, 202);
  t.deepEqual((await remove('o', undefined, '?orphanDependents=true')).json.metadata.finalizers, [
    'example.com/hold',
    'orphan',
  ]);
  const both = await remove('o', { orphanDependents: true, propagationPolicy: 'Orphan' });
  t.is(both.code, 422);
  t.is(
    both.json.message,
    'DeleteOptions.meta.k8s.io "" is invalid: propagationPolicy: Invalid value: "Orphan": orphanDependents and deletionPropagation cannot be both set',
  );
});

test('a policy or a dryRun that there is not', async (t) => {
  const answer = await remove('nothing', { propagationPolicy: 'Sideways', dryRun: ['Some'] });
  t.is(answer.code, 422);
  t.regex(
    answer.json.message,
    /propagationPolicy: Unsupported value: "Sideways": supported values: "Foreground", "Background", "Orphan", "nil"/,
  );
  t.regex(answer.json.message, /dryRun: Unsupported value: "Some"/);
});

test('preconditions: uid and resourceVersion', async (t) => {
  const { metadata } = await create('p');
  const wrongUid = await remove('p', { preconditions: { uid: 'x' } });
  t.is(wrongUid.code, 409);
  t.regex(wrongUid.json.message, /Precondition failed: UID in precondition: x, UID in object meta: /);
  t.is((await remove('p', { preconditions: { resourceVersion: '1' } })).code, 409);
  const { uid, resourceVersion } = metadata;
  t.is((await remove('p', { preconditions: { uid, resourceVersion }, gracePeriodSeconds: 0 })).code, 200);
});

test('dry run: answers as if, nothing changes', async (t) => {
  const { metadata } = await create('d');
  t.is((await remove('d', undefined, '?dryRun=All')).json.status, 'Success');
  const held = await remove('d', { dryRun: ['All'], propagationPolicy: 'Foreground' });
  t.deepEqual(held.json.metadata.finalizers, ['foregroundDeletion']);
  const collection = await api.send({ method: 'DELETE', path: `${COLLECTION}?dryRun=All` });
  t.true(collection.json.items.some((item: TestObject) => item.metadata.name === 'd'));
  t.deepEqual((await read('d')).metadata, metadata);
});

test('dry run of every other write leaves neither object nor reservation', async (t) => {
  const vms = '/apis/holt.dev/v1alpha1/namespaces/default/uservms';
  const body = {
    apiVersion: 'holt.dev/v1alpha1',
    kind: 'UserVM',
    metadata: { name: 'dry' },
    spec: { user: 'dry', cpus: 1, memory: '1Gi', dataVolume: { size: '4Gi' } },
  };
  const post = (query: string) => api.send({ method: 'POST', path: `${vms}${query}`, body });
  const tried = await post('?dryRun=All');
  t.is(tried.code, 201, tried.text);
  t.is((await api.send({ path: `${vms}/dry` })).code, 404);
  const made = await post('');
  t.is(made.code, 201, 'the reservation was not taken by the dry run');
  t.is((await post('?dryRun=All')).code, 409);
  const again = await api.send({
    method: 'POST',
    path: `${vms}?dryRun=All`,
    body: { ...body, metadata: { name: 'second' } },
  });
  t.is(again.code, 403, 'one VM a user');
  const commit = await api.send({
    method: 'POST',
    path: `${vms}/dry/commit?dryRun=All`,
    body: { status: { phase: 'Pending' }, events: [] },
  });
  t.true(commit.code < 300 || commit.code === 400, commit.text);
  const patched = await api.send({
    method: 'PATCH',
    path: `${vms}/dry/status?dryRun=All`,
    body: { status: { message: 'x' } },
    headers: { 'content-type': 'application/merge-patch+json' },
  });
  t.true(patched.code < 500);
  t.is((await api.send({ method: 'DELETE', path: `${vms}/dry?dryRun=All` })).json.status, 'Success');
  const after = await api.send({ path: `${vms}/dry` });
  t.is(after.json.metadata.resourceVersion, made.json.metadata.resourceVersion);
});

test('deletecollection: selectors, limit and options of the body', async (t) => {
  for (const name of ['c1', 'c2', 'c3', 'c4']) await create(name, { labels: { set: 'c' } });
  const selector = '?labelSelector=set%3Dc';
  const first = await api.send({ method: 'DELETE', path: `${COLLECTION}${selector}&limit=1` });
  t.is(first.json.items.length, 1);
  t.truthy(first.json.metadata.continue);
  t.is((await names(selector)).length, 3);
  const held = await api.send({
    method: 'DELETE',
    path: `${COLLECTION}${selector}&fieldSelector=metadata.name%3Dc3`,
    body: { kind: 'DeleteOptions', apiVersion: 'v1', propagationPolicy: 'Orphan' },
  });
  t.is(held.code, 200);
  t.deepEqual((await read('c3')).metadata.finalizers, ['orphan']);
  await api.send({ method: 'DELETE', path: `${COLLECTION}${selector}` });
  t.deepEqual(await names(selector), ['c3']);
  await remove('c3', { propagationPolicy: 'Background' });
});

test('kubectl delete: cascade, label, all, dry run, wait', async (t) => {
  for (const name of ['k1', 'k2', 'k3']) await create(name, { labels: { set: 'k' } });
  const out = async (...args: string[]) => (await kubectl('delete', 'configmap', ...args)).stdout;
  t.is(await out('k1', '--dry-run=server'), 'configmap "k1" deleted (server dry run)\n');
  t.is(await out('k1', '--cascade=foreground', '--wait=false'), 'configmap "k1" deleted\n');
  t.deepEqual((await read('k1')).metadata.finalizers, ['foregroundDeletion']);
  t.is(await out('k1', '--cascade=background'), 'configmap "k1" deleted\n');
  await out('k2', '--cascade=orphan', '--wait=false');
  t.deepEqual((await read('k2')).metadata.finalizers, ['orphan']);
  await out('k2', '--cascade=background');
  t.is(await out('-l', 'set=k'), 'configmap "k3" deleted\n');
  await kubectl('create', 'ns', 'emptied');
  await kubectl('create', 'configmap', 'x', '-n', 'emptied');
  t.is(await out('--all', '-n', 'emptied'), 'configmap "x" deleted\n');
  const ns = await kubectl('delete', 'ns', 'emptied', '--wait=false');
  t.is(ns.stdout, 'namespace "emptied" deleted\n');
});
