import test from 'ava';
import { startTestApi, type TestApi, type TestObject } from '../../testing/test-api.ts';

/** Each test is named after the upstream conformance test whose behaviour it holds. */
let api: TestApi;

test.before(async () => {
  api = await startTestApi();
});

test.after.always(() => api?.dispose());

const IN_DEFAULT = '/api/v1/namespaces/default';
const STRATEGIC = { 'content-type': 'application/strategic-merge-patch+json' };
const MERGE = { 'content-type': 'application/merge-patch+json' };

const create = (path: string, body: TestObject) => api.send({ method: 'POST', path, body });
const patch = (path: string, body: TestObject, headers = STRATEGIC) =>
  api.send({ method: 'PATCH', path, body, headers });
const remove = (path: string) => api.send({ method: 'DELETE', path });

test('[sig-node] ConfigMap should run through a ConfigMap lifecycle [Conformance]', async (t) => {
  const path = `${IN_DEFAULT}/configmaps`;
  const labels = { 'test-configmap-static': 'true' };
  const body = {
    apiVersion: 'v1',
    kind: 'ConfigMap',
    metadata: { name: 'test-configmap', labels },
    data: { valueName: 'value' },
  };
  t.is((await create(path, body)).code, 201);
  const patched = await patch(`${path}/test-configmap`, {
    metadata: { labels: { 'test-configmap': 'patched' } },
    data: { valueName: 'value1' },
  });
  t.is(patched.json.data.valueName, 'value1');
  t.is(patched.json.metadata.labels['test-configmap'], 'patched');
  const all = await api.send({ path: '/api/v1/configmaps?labelSelector=test-configmap-static%3Dtrue' });
  t.is(all.json.items.length, 1);
  const swept = await remove(`${path}?labelSelector=test-configmap-static%3Dtrue`);
  t.is(swept.code, 200);
  const left = await api.send({ path: `${path}?labelSelector=test-configmap-static%3Dtrue` });
  t.is(left.json.items.length, 0);
});

test('[sig-node] Secrets should patch a secret [Conformance]', async (t) => {
  const path = `${IN_DEFAULT}/secrets`;
  const metadata = { name: 'test-secret', labels: { testsecret: 'true', 'testsecret-constant': 'true' } };
  const data = { key: Buffer.from('value').toString('base64') };
  const body = { apiVersion: 'v1', kind: 'Secret', metadata, data };
  const created = await create(path, body);
  t.is(created.code, 201);
  const changed = Buffer.from('value1').toString('base64');
  const patched = await patch(`${path}/test-secret`, {
    metadata: { labels: { testsecret: 'false' } },
    data: { key: changed },
  });
  t.is(patched.json.data.key, changed);
  t.is((await remove(`${path}?labelSelector=testsecret%3Dfalse`)).code, 200);
  t.is((await api.send({ path: `${path}/test-secret` })).code, 404);
});

test('[sig-auth] ServiceAccounts should run through the lifecycle of a ServiceAccount [Conformance]', async (t) => {
  const path = `${IN_DEFAULT}/serviceaccounts`;
  const metadata = { name: 'testserviceaccount', labels: { 'test-serviceaccount-static': 'true' } };
  t.is((await create(path, { apiVersion: 'v1', kind: 'ServiceAccount', metadata })).code, 201);
  const patched = await patch(`${path}/testserviceaccount`, { automountServiceAccountToken: false });
  t.false(patched.json.automountServiceAccountToken);
  const selector = 'labelSelector=test-serviceaccount-static%3Dtrue';
  t.is((await api.send({ path: `/api/v1/serviceaccounts?${selector}` })).json.items.length, 1);
  t.is((await remove(`${path}?${selector}`)).code, 200);
  t.is((await api.send({ path: `${path}/testserviceaccount` })).code, 404);
});

test('[sig-node] Lease lease API should be available [Conformance]', async (t) => {
  const path = '/apis/coordination.k8s.io/v1/namespaces/default/leases';
  const labels = { testlease: 'true' };
  const spec = { holderIdentity: 'holder', leaseDurationSeconds: 30, leaseTransitions: 0 };
  const body = {
    apiVersion: 'coordination.k8s.io/v1',
    kind: 'Lease',
    metadata: { name: 'lease', labels },
    spec,
  };
  const created = await create(path, body);
  t.like(created.json.spec, spec);
  const updated = await api.send({
    method: 'PUT',
    path: `${path}/lease`,
    body: { ...created.json, spec: { ...spec, leaseTransitions: 1 } },
  });
  t.is(updated.json.spec.leaseTransitions, 1);
  const patched = await patch(`${path}/lease`, { spec: { leaseTransitions: 2 } });
  t.is(patched.json.spec.leaseTransitions, 2);
  await create(path, { ...body, metadata: { name: 'lease2', labels } });
  t.is((await api.send({ path: `${path}?labelSelector=testlease%3Dtrue` })).json.items.length, 2);
  await remove(`${path}?labelSelector=testlease%3Dtrue`);
  t.is((await api.send({ path: `${path}?labelSelector=testlease%3Dtrue` })).json.items.length, 0);
});

test('[sig-instrumentation] Events should manage the lifecycle of an event [Conformance]', async (t) => {
  const path = `${IN_DEFAULT}/events`;
  const body = {
    apiVersion: 'v1',
    kind: 'Event',
    metadata: { name: 'event-test', labels: { 'testevent-constant': 'true' } },
    message: 'This is a test event',
    reason: 'Test',
    type: 'Normal',
    count: 1,
    involvedObject: { namespace: 'default' },
  };
  t.is((await create(path, body)).code, 201);
  const patched = await patch(`${path}/event-test`, { message: 'This is a test event - patched' }, MERGE);
  t.is(patched.json.message, 'This is a test event - patched');
  const fetched = (await api.send({ path: `${path}/event-test` })).json;
  const updated = await api.send({
    method: 'PUT',
    path: `${path}/event-test`,
    body: { ...fetched, series: { count: 100, lastObservedTime: '2026-01-01T00:00:00.000000Z' } },
  });
  t.is(updated.json.series.count, 100);
  t.is((await remove(`${path}/event-test`)).code, 200);
  const left = await api.send({ path: '/api/v1/events?labelSelector=testevent-constant%3Dtrue' });
  t.is(left.json.items.length, 0);
});

test('[sig-instrumentation] Events should delete a collection of events [Conformance]', async (t) => {
  const path = `${IN_DEFAULT}/events`;
  for (const name of ['test-event-1', 'test-event-2', 'test-event-3']) {
    const metadata = { name, labels: { 'testevent-set': 'true' } };
    const involvedObject = { namespace: 'default' };
    await create(path, { apiVersion: 'v1', kind: 'Event', metadata, involvedObject, reason: 'Test' });
  }
  const selector = 'labelSelector=testevent-set%3Dtrue';
  t.is((await api.send({ path: `${path}?${selector}` })).json.items.length, 3);
  await remove(`${path}?${selector}`);
  t.is((await api.send({ path: `${path}?${selector}` })).json.items.length, 0);
});

test('[sig-api-machinery] FieldValidation should detect unknown and duplicate fields of a typed object [Conformance]', async (t) => {
  const path = `${IN_DEFAULT}/configmaps`;
  const headers = { 'content-type': 'application/json' };
  const body =
    '{"apiVersion":"v1","kind":"ConfigMap","metadata":{"name":"typed"},"data":{"a":"1"},"data":{"a":"2"},"unknownField":1}';
  const strict = await api.send({ method: 'POST', path: `${path}?fieldValidation=Strict`, body, headers });
  t.is(strict.code, 400);
  t.regex(strict.json.message, /strict decoding error: .*unknown field "unknownField"/);
  t.regex(strict.json.message, /duplicate field "data"/);
  const warned = await api.send({
    method: 'POST',
    path: `${path}?fieldValidation=Warn&dryRun=All`,
    body,
    headers,
  });
  t.is(warned.code, 201);
  t.regex(String(warned.headers.warning), /unknown field/);
});

test('[sig-node] ConfigMap should fail to create ConfigMap with empty key [Conformance]', async (t) => {
  const body = {
    apiVersion: 'v1',
    kind: 'ConfigMap',
    metadata: { name: 'empty-key' },
    data: { '': 'value-1' },
  };
  const { code, json } = await create(`${IN_DEFAULT}/configmaps`, body);
  t.is(code, 422);
  t.is(json.details.causes[0].field, 'data[]');
});

test('[sig-node] Secrets should fail to create secret due to empty secret key [Conformance]', async (t) => {
  const data = { '': Buffer.from('value-1').toString('base64') };
  const body = { apiVersion: 'v1', kind: 'Secret', metadata: { name: 'empty-key' }, data };
  const { code, json } = await create(`${IN_DEFAULT}/secrets`, body);
  t.is(code, 422);
  t.is(json.details.causes[0].field, 'data[]');
});

test('[sig-auth] ServiceAccounts should update a ServiceAccount [Conformance]', async (t) => {
  const path = `${IN_DEFAULT}/serviceaccounts`;
  const made = await create(path, {
    apiVersion: 'v1',
    kind: 'ServiceAccount',
    metadata: { name: 'updated' },
  });
  const body = { ...made.json, automountServiceAccountToken: true };
  const { code, json } = await api.send({ method: 'PUT', path: `${path}/updated`, body });
  t.is(code, 200);
  t.true(json.automountServiceAccountToken);
});
