import test from 'ava';
import { startTestApi, type TestApi, type TestObject } from '../../testing/test-api.ts';
import { waitUntil } from '../../testing/wait-until.ts';

const CRDS = '/apis/apiextensions.k8s.io/v1/customresourcedefinitions';
const GROUP = 'refusals.example';
const GADGETS = `/apis/${GROUP}/v1/namespaces/default/gadgets`;
const WIDGETS = `/apis/${GROUP}/v1/namespaces/default/widgets`;
const MERGE = { 'content-type': 'application/merge-patch+json' };
const JSON_PATCH = { 'content-type': 'application/json-patch+json' };

let api: TestApi;

function definition(plural: string, kind: string, subresources: object): TestObject {
  const openAPIV3Schema = { type: 'object', 'x-kubernetes-preserve-unknown-fields': true };
  return {
    apiVersion: 'apiextensions.k8s.io/v1',
    kind: 'CustomResourceDefinition',
    metadata: { name: `${plural}.${GROUP}` },
    spec: {
      group: GROUP,
      names: { plural, kind },
      scope: 'Namespaced',
      versions: [{ name: 'v1', served: true, storage: true, subresources, schema: { openAPIV3Schema } }],
    },
  };
}

function gadget(name: string, more: object = {}): TestObject {
  return { apiVersion: `${GROUP}/v1`, kind: 'Gadget', metadata: { name }, ...more };
}

async function define(body: TestObject, path: string): Promise<void> {
  await api.send({ method: 'POST', path: CRDS, body });
  await waitUntil('the kind to be served', async () => (await api.send({ path })).code === 200);
}

async function create(name: string, more: object = {}): Promise<TestObject> {
  return (await api.send({ method: 'POST', path: GADGETS, body: gadget(name, more) })).json;
}

test.before(async () => {
  api = await startTestApi();
  const scale = { specReplicasPath: '.spec.replicas', statusReplicasPath: '.status.replicas' };
  await define(definition('gadgets', 'Gadget', { status: {}, scale }), GADGETS);
  await define(definition('widgets', 'Widget', {}), WIDGETS);
});

test.after.always(() => api?.dispose());

test('a subresource that a custom kind does not have is not found, as a Status', async (t) => {
  await create('sub');
  await api.send({ method: 'POST', path: WIDGETS, body: { ...gadget('sub'), kind: 'Widget' } });
  const paths = [
    `${GADGETS}/sub/nothing`,
    `${GADGETS}/missing/log`,
    `${WIDGETS}/sub/status`,
    `${WIDGETS}/sub/scale`,
  ];
  for (const path of paths) {
    const [plural, name] = path.split('/').slice(-3, -1);
    for (const method of ['GET', 'PUT', 'PATCH', 'POST', 'DELETE']) {
      const body = method === 'GET' ? {} : { body: gadget('sub') };
      const { code, json } = await api.send({ method, path, headers: MERGE, ...body });
      t.is(code, 404, `${method} ${path}`);
      t.like(json, {
        kind: 'Status',
        status: 'Failure',
        reason: 'NotFound',
        message: `${plural}.${GROUP} "${name}" not found`,
        details: { name, group: GROUP, kind: plural },
      });
    }
  }
});

test('a verb that is not served is told by its name and the kind', async (t) => {
  await create('verbs');
  const refused: [string, string, string][] = [
    ['PUT', GADGETS, 'update'],
    ['PATCH', GADGETS, 'patch'],
    ['POST', `${GADGETS}/verbs`, 'create'],
    ['DELETE', `${GADGETS}/verbs/status`, 'delete'],
    ['POST', `${GADGETS}/verbs/scale`, 'create'],
    ['DELETE', `${GADGETS}/verbs/scale`, 'delete'],
  ];
  for (const [method, path, verb] of refused) {
    const { code, json } = await api.send({ method, path, body: gadget('verbs'), headers: MERGE });
    t.is(code, 405, `${method} ${path}`);
    t.like(json, {
      kind: 'Status',
      reason: 'MethodNotAllowed',
      message: `${verb} is not supported on resources of kind "gadgets.${GROUP}"`,
      details: { group: GROUP, kind: 'gadgets' },
    });
  }
  t.is((await api.send({ path: `${GADGETS}/verbs` })).code, 200);
});

test('a PUT creates no custom object: what is not there is not found, with a revision or without', async (t) => {
  for (const metadata of [{ name: 'absent' }, { name: 'absent', resourceVersion: '7' }]) {
    for (const path of [`${GADGETS}/absent`, `${GADGETS}/absent/status`]) {
      const { code, json } = await api.send({ method: 'PUT', path, body: gadget('absent', { metadata }) });
      t.is(code, 404, path);
      t.is(json.message, `gadgets.${GROUP} "absent" not found`);
    }
  }
  t.is((await api.send({ path: `${GADGETS}/absent` })).code, 404);
  await create('present');
  const blind = await api.send({ method: 'PUT', path: `${GADGETS}/present`, body: gadget('present') });
  t.is(blind.code, 422);
  t.regex(blind.json.message, /metadata\.resourceVersion: Invalid value: 0: must be specified for an update/);
});

test('the scale of an object that says no number cannot be read, but written', async (t) => {
  const path = `${GADGETS}/unscaled/scale`;
  await create('unscaled');
  const read = await api.send({ path });
  t.is(read.code, 500);
  t.like(read.json, {
    reason: 'InternalError',
    message: 'Internal error occurred: the spec replicas field ".spec.replicas" does not exist',
  });
  const patched = await api.send({ method: 'PATCH', path, headers: MERGE, body: { spec: { replicas: 2 } } });
  t.is(patched.code, 200, patched.text);
  t.is((await api.send({ path: `${GADGETS}/unscaled` })).json.spec.replicas, 2);
  await create('unscaled-put');
  const body = {
    apiVersion: 'autoscaling/v1',
    kind: 'Scale',
    metadata: { name: 'unscaled-put' },
    spec: { replicas: 3 },
  };
  const put = await api.send({ method: 'PUT', path: `${GADGETS}/unscaled-put/scale`, body });
  t.deepEqual([put.code, put.json.spec], [200, { replicas: 3 }]);
  t.is((await api.send({ path: `${GADGETS}/gone/scale` })).code, 404);
});

test('a patch cannot make another object of one; in an update the UID is a precondition', async (t) => {
  const made = await create('identity');
  const path = `${GADGETS}/identity`;
  const uid = '00000000-0000-4000-8000-000000000000';
  const patches: [object, unknown][] = [
    [MERGE, { metadata: { uid } }],
    [JSON_PATCH, [{ op: 'replace', path: '/metadata/uid', value: uid }]],
  ];
  for (const [headers, body] of patches) {
    for (const at of [path, `${path}/status`]) {
      const { code, json } = await api.send({ method: 'PATCH', path: at, headers: { ...headers }, body });
      t.is(code, 422, at);
      t.like(json, {
        reason: 'Invalid',
        message: `Gadget.${GROUP} "identity" is invalid: metadata.uid: Invalid value: "${uid}": field is immutable`,
        details: { causes: [{ reason: 'FieldValueInvalid', field: 'metadata.uid' }] },
      });
    }
  }
  const put = await api.send({ method: 'PUT', path, body: { ...made, metadata: { ...made.metadata, uid } } });
  t.is(put.code, 409);
  t.regex(put.json.message, /Precondition failed: UID in precondition: 0{8}-.*, UID in object meta: /);
  t.deepEqual((await api.send({ path })).json, made);
});
