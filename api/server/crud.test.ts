import test from 'ava';
import { startTestApi, type TestApi, type TestObject } from '../testing/test-api.ts';

let api: TestApi;

test.before(async () => {
  api = await startTestApi();
});

test.after.always(() => api?.dispose());

const VMS = '/apis/holt.dev/v1alpha1/namespaces/default/uservms';
const CONTAINERS = '/apis/holt.dev/v1alpha1/namespaces/default/sandboxcontainers';
const MERGE = { 'content-type': 'application/merge-patch+json' };

function vm(name: string, spec: TestObject = {}): TestObject {
  return {
    apiVersion: 'holt.dev/v1alpha1',
    kind: 'UserVM',
    metadata: { name },
    spec: { user: name, ...spec },
  };
}

function container(name: string, spec: TestObject): TestObject {
  const source = { closure: '/opt/holt/closures/node' };
  return {
    apiVersion: 'holt.dev/v1alpha1',
    kind: 'SandboxContainer',
    metadata: { name },
    spec: { vmRef: { name: 'some-vm' }, role: 'sidecar', source, command: ['/bin/true'], ...spec },
  };
}

const create = (name: string, spec?: TestObject) =>
  api.send({ method: 'POST', path: VMS, body: vm(name, spec) });
const patch = (name: string, body: TestObject, query = '') =>
  api.send({ method: 'PATCH', path: `${VMS}/${name}${query}`, body, headers: MERGE });

test('create sets what is the server’s, defaults the spec and drops the status', async (t) => {
  const sent = { ...vm('created'), status: { phase: 'Running' } };
  const { code, json } = await api.send({ method: 'POST', path: VMS, body: sent });
  t.is(code, 201);
  t.is(json.metadata.generation, 1);
  t.regex(json.metadata.uid, /^[0-9a-f-]{36}$/);
  t.regex(json.metadata.creationTimestamp, /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ$/);
  t.regex(json.metadata.annotations['holt.dev/traceparent'], /^00-[0-9a-f]{32}-[0-9a-f]{16}-01$/);
  t.is(json.spec.memory, '1Gi');
  t.is(json.status, undefined);
  t.is((await create('created')).json.reason, 'AlreadyExists');
});

test('the request’s trace goes on in the object', async (t) => {
  const traceparent = `00-${'a'.repeat(32)}-${'b'.repeat(16)}-01`;
  const made = await api.send({ method: 'POST', path: VMS, body: vm('traced'), headers: { traceparent } });
  t.is(made.json.metadata.annotations['holt.dev/traceparent'], traceparent);
});

test('generateName makes distinct names', async (t) => {
  const body = container('', {});
  body.metadata = { generateName: 'gen-' };
  const made = await Promise.all(
    Array.from({ length: 5 }, () => api.send({ method: 'POST', path: CONTAINERS, body })),
  );
  t.is(new Set(made.map(({ json }) => json.metadata.name)).size, 5);
});

test('an update counts generations for the spec alone, and one that changes nothing is none', async (t) => {
  const { json: first } = await create('generations');
  const labelled = await patch('generations', { metadata: { labels: { a: 'b' } } });
  t.is(labelled.json.metadata.generation, 1);
  const same = await patch('generations', { metadata: { labels: { a: 'b' } } });
  t.is(same.json.metadata.resourceVersion, labelled.json.metadata.resourceVersion);
  const grown = await patch('generations', { spec: { cpus: 2 } });
  t.is(grown.json.metadata.generation, 2);
  t.not(
    grown.json.metadata.annotations['holt.dev/traceparent'],
    first.metadata.annotations['holt.dev/traceparent'],
  );
});

test('a PUT with an old resourceVersion, or without one, changes nothing', async (t) => {
  const { json } = await create('stale');
  await patch('stale', { spec: { cpus: 2 } });
  const old = await api.send({ method: 'PUT', path: `${VMS}/stale`, body: json });
  t.is(old.code, 409);
  t.is(old.json.reason, 'Conflict');
  const bare = { ...json, metadata: { ...json.metadata, resourceVersion: undefined } };
  t.is((await api.send({ method: 'PUT', path: `${VMS}/stale`, body: bare })).code, 422);
});

test('of many writers that count up one field, none is lost', async (t) => {
  await create('contended');
  const write = (index: number) => patch('contended', { metadata: { labels: { [`w${index}`]: 'x' } } });
  const codes = await Promise.all(Array.from({ length: 12 }, (_, index) => write(index)));
  t.true(codes.every(({ code }) => code === 200));
  const { json } = await api.send({ path: `${VMS}/contended` });
  t.is(Object.keys(json.metadata.labels).length, 12);
});

test('/status changes the status alone, the object all but the status', async (t) => {
  await create('split');
  const both = { metadata: { labels: { sneaky: 'yes' } }, spec: { cpus: 9 }, status: { phase: 'Running' } };
  const status = await patch('split', both, '/status');
  t.is(status.code, 200);
  t.is(status.json.spec.cpus, 1);
  t.is(status.json.metadata.labels, undefined);
  t.is(status.json.status.phase, 'Running');
  t.is(status.json.metadata.generation, 1);
  const object = await patch('split', { spec: { cpus: 2 }, status: { phase: 'Failed' } });
  t.is(object.json.status.phase, 'Running');
  t.is(object.json.spec.cpus, 2);
});

test('finalizers hold a deleted object until the last is gone', async (t) => {
  await create('held');
  await patch('held', { metadata: { finalizers: ['holt.dev/vm'] } });
  const marked = await api.send({ method: 'DELETE', path: `${VMS}/held` });
  t.is(marked.json.kind, 'UserVM');
  t.truthy(marked.json.metadata.deletionTimestamp);
  const added = await patch('held', { metadata: { finalizers: ['holt.dev/vm', 'holt.dev/more'] } });
  t.is(added.code, 422);
  t.is((await patch('held', { metadata: { finalizers: [] } })).code, 200);
  t.is((await api.send({ path: `${VMS}/held` })).code, 404);
  t.is((await create('held')).code, 201, 'the user is free again');
});

test('DELETE answers the UID, and holds to its preconditions', async (t) => {
  const { json } = await create('gone');
  const wrong = await api.send({
    method: 'DELETE',
    path: `${VMS}/gone`,
    body: { preconditions: { uid: 'other' } },
  });
  t.is(wrong.code, 409);
  const { code, json: status } = await api.send({ method: 'DELETE', path: `${VMS}/gone` });
  t.is(code, 200);
  t.is(status.status, 'Success');
  t.is(status.details.uid, json.metadata.uid);
});

test('dryRun=All does everything but the write', async (t) => {
  const dry = await api.send({ method: 'POST', path: `${VMS}?dryRun=All`, body: vm('dry') });
  t.is(dry.code, 201);
  t.is((await api.send({ path: `${VMS}/dry` })).code, 404);
  await create('dry-delete');
  await api.send({ method: 'DELETE', path: `${VMS}/dry-delete?dryRun=All` });
  const patched = await patch('dry-delete', { spec: { cpus: 7 } }, '?dryRun=All');
  t.is(patched.json.spec.cpus, 7);
  t.is((await api.send({ path: `${VMS}/dry-delete` })).json.spec.cpus, 1);
});

test('unknown and doubled fields are errors, warnings or nothing, as asked', async (t) => {
  const body =
    '{"apiVersion":"holt.dev/v1alpha1","kind":"UserVM","metadata":{"name":"odd"},"spec":{"user":"odd","cpus":1,"cpus":2,"foo":1}}';
  const send = (fieldValidation: string) =>
    api.send({ method: 'POST', path: `${VMS}?dryRun=All&fieldValidation=${fieldValidation}`, body });
  const strict = await send('Strict');
  t.is(strict.code, 400);
  t.regex(strict.json.message, /strict decoding error/);
  const warned = await send('Warn');
  t.is(warned.code, 201);
  t.regex(String(warned.headers.warning), /unknown field \\"spec.foo\\"/);
  const ignored = await send('Ignore');
  t.is(ignored.headers.warning, undefined);
  t.is(ignored.json.spec.foo, undefined);
});

test('a user has one VM over all namespaces, also when two are created at once', async (t) => {
  await api.send({
    method: 'POST',
    path: '/api/v1/namespaces',
    body: { apiVersion: 'v1', kind: 'Namespace', metadata: { name: 'other' } },
  });
  const elsewhere = '/apis/holt.dev/v1alpha1/namespaces/other/uservms';
  const spec = { user: 'carol' };
  const results = await Promise.all([
    api.send({ method: 'POST', path: VMS, body: vm('carol-1', spec) }),
    api.send({ method: 'POST', path: elsewhere, body: vm('carol-2', spec) }),
  ]);
  t.deepEqual(results.map(({ code }) => code).sort(), [201, 403]);
  const loser = results.find(({ code }) => code === 403);
  t.regex(loser?.json.message, /user "carol" already has the UserVM/);
});

test('a VM has at most one live container; sidecars as many as wanted', async (t) => {
  const post = (name: string, spec: TestObject) =>
    api.send({ method: 'POST', path: CONTAINERS, body: container(name, spec) });
  t.is((await post('live-1', { role: 'live' })).code, 201);
  t.is((await post('live-2', { role: 'live' })).code, 403);
  t.is((await post('side-1', {})).code, 201);
  t.is((await post('side-2', {})).code, 201);
  await api.send({ method: 'DELETE', path: `${CONTAINERS}/live-1` });
  t.is((await post('live-2', { role: 'live' })).code, 201);
});

test('admission names the field and the remedy', async (t) => {
  const both = { closure: '/x', image: 'docker.io/library/busybox' };
  const source = await api.send({
    method: 'POST',
    path: CONTAINERS,
    body: container('both', { source: both }),
  });
  t.is(source.json.details.causes[0].field, 'spec.source');
  await create('shrinks', { dataVolume: { size: '8Gi' } });
  await patch('shrinks', { status: { dataVolume: { sizeBytes: 8 * 2 ** 30 } } }, '/status');
  const shrunk = await patch('shrinks', { spec: { dataVolume: { size: '4Gi' } } });
  t.is(shrunk.code, 422);
  t.is(shrunk.json.details.causes[0].field, 'spec.dataVolume.size');
  t.is((await patch('shrinks', { spec: { user: 'somebody' } })).json.details.causes[0].field, 'spec.user');
});

test('nothing is created in a namespace that is missing or goes', async (t) => {
  const path = '/apis/holt.dev/v1alpha1/namespaces/leaving/uservms';
  t.is(
    (await api.send({ method: 'POST', path, body: vm('x') })).json.message,
    'namespaces "leaving" not found',
  );
  const namespace = { apiVersion: 'v1', kind: 'Namespace', metadata: { name: 'leaving' } };
  await api.send({ method: 'POST', path: '/api/v1/namespaces', body: namespace });
  const marked = await api.send({ method: 'DELETE', path: '/api/v1/namespaces/leaving' });
  t.is(marked.json.status.phase, 'Terminating');
  const refused = await api.send({ method: 'POST', path, body: vm('x') });
  t.is(refused.code, 403);
  t.is(refused.json.details.causes[0].reason, 'NamespaceTerminating');
  const finalized = { ...marked.json, spec: { finalizers: [] } };
  t.is(
    (await api.send({ method: 'PUT', path: '/api/v1/namespaces/leaving/finalize', body: finalized })).code,
    200,
  );
  t.is((await api.send({ path: '/api/v1/namespaces/leaving' })).code, 404);
  t.is((await api.send({ method: 'DELETE', path: '/api/v1/namespaces/default' })).code, 403);
});

test('only our certificates get in, and only health is for everybody', async (t) => {
  t.is((await api.send({ path: VMS, as: null })).code, 401);
  t.is((await api.send({ path: '/metrics', as: null })).code, 401);
  const stranger = await api.send({ path: VMS, as: 'stranger' });
  t.is(stranger.code, 403);
  t.is(stranger.json.reason, 'Forbidden');
  for (const path of ['/livez', '/readyz?verbose', '/healthz', '/version']) {
    t.is((await api.send({ path, as: null })).code, 200, path);
  }
  t.regex((await api.send({ path: '/metrics' })).text, /holt_api_request_duration_seconds_count/);
});

test('media types: YAML in and out, 415, 406, and a body limit', async (t) => {
  const yaml =
    'apiVersion: holt.dev/v1alpha1\nkind: UserVM\nmetadata: {name: from-yaml}\nspec: {user: from-yaml}\n';
  const headers = { 'content-type': 'application/yaml', accept: 'application/yaml' };
  const made = await api.send({ method: 'POST', path: VMS, body: yaml, headers });
  t.is(made.code, 201);
  t.regex(made.text, /^apiVersion: holt.dev\/v1alpha1\n/);
  const xml = await api.send({
    method: 'POST',
    path: VMS,
    body: '<a/>',
    headers: { 'content-type': 'text/xml' },
  });
  t.is(xml.code, 415);
  t.is((await api.send({ path: VMS, headers: { accept: 'text/html' } })).code, 406);
  const strategic = { 'content-type': 'application/strategic-merge-patch+json' };
  t.is(
    (await api.send({ method: 'PATCH', path: `${VMS}/from-yaml`, body: {}, headers: strategic })).code,
    415,
  );
  const large = await api
    .send({ method: 'POST', path: VMS, body: Buffer.alloc(3 * 1024 * 1024 + 1, ' ') })
    .catch(() => undefined);
  if (large !== undefined) t.is(large.code, 413);
});

test('unknown paths, resources and subresources are 404', async (t) => {
  for (const path of [
    '/apis/holt.dev/v1alpha1/nothing',
    '/apis/holt.dev/v2/uservms',
    '/nowhere',
    `${VMS}/x/scale`,
    '/api/v1/namespaces/default/nodes',
  ]) {
    t.is((await api.send({ path })).code, 404, path);
  }
  t.is(
    (await api.send({ method: 'POST', path: '/apis/holt.dev/v1alpha1/uservms', body: vm('x') })).code,
    405,
  );
});
