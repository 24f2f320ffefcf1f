import { execFile } from 'node:child_process';
import { promisify } from 'node:util';
import test from 'ava';
import { startTestApi, type TestApi, type TestObject } from '../../testing/test-api.ts';
import { waitUntil } from '../../testing/wait-until.ts';

const run = promisify(execFile);
const CRDS = '/apis/apiextensions.k8s.io/v1/customresourcedefinitions';
const MERGE = { 'content-type': 'application/merge-patch+json' };

let api: TestApi;

test.before(async () => {
  api = await startTestApi();
});

test.after.always(() => api?.dispose());

const ANYTHING = { type: 'object', 'x-kubernetes-preserve-unknown-fields': true };

/** A definition of namespaced `<plural>` in a group. */
function definition(group: string, plural: string, version: object = {}, more: object = {}): TestObject {
  const kind = plural.slice(0, 1).toUpperCase() + plural.slice(1, -1);
  return {
    apiVersion: 'apiextensions.k8s.io/v1',
    kind: 'CustomResourceDefinition',
    metadata: { name: `${plural}.${group}` },
    spec: {
      group,
      names: { plural, kind },
      scope: 'Namespaced',
      versions: [
        { name: 'v1', served: true, storage: true, schema: { openAPIV3Schema: ANYTHING }, ...version },
      ],
      ...more,
    },
  };
}

function isTrue(crd: TestObject, type: string): boolean {
  return crd.status?.conditions?.some((one: TestObject) => one.type === type && one.status === 'True');
}

async function read(name: string): Promise<TestObject> {
  return (await api.send({ path: `${CRDS}/${name}` })).json;
}

async function define(body: TestObject): Promise<TestObject> {
  const created = await api.send({ method: 'POST', path: CRDS, body });
  if (created.code !== 201) throw new Error(created.text);
  let crd = created.json;
  await waitUntil('the definition to be established', async () => {
    crd = await read(body.metadata.name);
    return isTrue(crd, 'Established');
  });
  return crd;
}

async function remove(name: string): Promise<void> {
  await api.send({ method: 'DELETE', path: `${CRDS}/${name}` });
  await waitUntil(
    'the definition to be gone',
    async () => (await api.send({ path: `${CRDS}/${name}` })).code === 404,
  );
}

function object(group: string, kind: string, name: string, more: object = {}, version = 'v1'): TestObject {
  return { apiVersion: `${group}/${version}`, kind, metadata: { name }, ...more };
}

async function kubectl(...args: string[]): Promise<string> {
  const { stdout } = await run('kubectl', [
    `--kubeconfig=${api.kubeconfig}`,
    `--cache-dir=${api.dir}/cache`,
    ...args,
  ]);
  return stdout;
}

test('[sig-api-machinery] CustomResourceDefinition resources [Privileged:ClusterAdmin] Simple CustomResourceDefinition creating/deleting custom resource definition objects works [Conformance]', async (t) => {
  const crd = await define(definition('create.example.com', 'widgets'));
  t.is(crd.spec.names.singular, 'widget');
  t.is(crd.spec.names.listKind, 'WidgetList');
  t.deepEqual(crd.spec.conversion, { strategy: 'None' });
  t.deepEqual(crd.status.storedVersions, ['v1']);
  t.is(crd.metadata.generation, 1);
  t.deepEqual(
    crd.status.conditions.map(({ type, status, reason }: TestObject) => [type, status, reason]),
    [
      ['NamesAccepted', 'True', 'NoConflicts'],
      ['Established', 'True', 'InitialNamesAccepted'],
    ],
  );
  const path = '/apis/create.example.com/v1/namespaces/default/widgets';
  const made = await api.send({
    method: 'POST',
    path,
    body: object('create.example.com', 'Widget', 'a', { spec: { x: 1 } }),
  });
  t.is(made.code, 201, made.text);
  t.deepEqual(made.json.spec, { x: 1 });
  t.is(made.json.metadata.annotations, undefined);
  t.is(made.json.metadata.generation, 1);
  await remove('widgets.create.example.com');
  t.is((await api.send({ path })).code, 404);
  t.is((await api.send({ path: '/apis/create.example.com' })).code, 404);
});

test('[sig-api-machinery] CustomResourceDefinition resources [Privileged:ClusterAdmin] Simple CustomResourceDefinition getting/updating/patching custom resource definition status sub-resource works [Conformance]', async (t) => {
  const { metadata } = await define(definition('status.example.com', 'widgets'));
  const path = `${CRDS}/${metadata.name}/status`;
  const current = (await api.send({ path })).json;
  const condition = { type: 'StatusUpdate', status: 'True', reason: 'E2E', message: 'Set from e2e test' };
  const updated = await api.send({
    method: 'PUT',
    path,
    body: {
      ...current,
      status: { ...current.status, conditions: [...current.status.conditions, condition] },
    },
  });
  t.is(updated.code, 200, updated.text);
  t.true(isTrue(updated.json, 'StatusUpdate'));
  const patched = await api.send({
    method: 'PATCH',
    path,
    headers: MERGE,
    body: {
      status: { conditions: [...updated.json.status.conditions, { ...condition, type: 'StatusPatched' }] },
    },
  });
  t.true(isTrue(patched.json, 'StatusPatched'));
  t.true(isTrue(await read(metadata.name), 'Established'));
  t.is((await read(metadata.name)).metadata.generation, 1);
});

test('[sig-api-machinery] CustomResourceDefinition resources [Privileged:ClusterAdmin] Simple CustomResourceDefinition listing custom resource definition objects works [Conformance]', async (t) => {
  for (const plural of ['alphas', 'betas', 'gammas']) {
    const body = definition('list.example.com', plural);
    body.metadata.labels = { e2e: 'list' };
    await define(body);
  }
  const listed = await api.send({ path: `${CRDS}?labelSelector=e2e%3Dlist` });
  t.is(listed.json.items.length, 3);
  t.is(listed.json.kind, 'CustomResourceDefinitionList');
  t.is((await api.send({ method: 'DELETE', path: `${CRDS}?labelSelector=e2e%3Dlist` })).code, 200);
  await waitUntil('all to be gone', async () => {
    return (await api.send({ path: `${CRDS}?labelSelector=e2e%3Dlist` })).json.items.length === 0;
  });
  t.is((await read('uservms.holt.dev')).metadata.name, 'uservms.holt.dev');
});

test('[sig-api-machinery] CustomResourceDefinition resources [Privileged:ClusterAdmin] custom resource defaulting for requests and from storage works [Conformance]', async (t) => {
  const group = 'defaults.example.com';
  const schema = (properties: object) => ({ schema: { openAPIV3Schema: { type: 'object', properties } } });
  const first = definition(
    group,
    'widgets',
    schema({ a: { type: 'string', default: 'A' }, b: { type: 'string' } }),
  );
  const { metadata } = await define(first);
  const path = `/apis/${group}/v1/namespaces/default/widgets`;
  const one = await api.send({ method: 'POST', path, body: object(group, 'Widget', 'one') });
  t.deepEqual([one.json.a, one.json.b], ['A', undefined]);
  const watch = api.watch(`${path}?watch=1&resourceVersion=${one.json.metadata.resourceVersion}`);
  const changed = await api.send({
    method: 'PATCH',
    path: `${CRDS}/${metadata.name}`,
    headers: { 'content-type': 'application/json-patch+json' },
    body: [
      { op: 'add', path: '/spec/versions/0/schema/openAPIV3Schema/properties/b/default', value: 'B' },
      { op: 'remove', path: '/spec/versions/0/schema/openAPIV3Schema/properties/a/default' },
    ],
  });
  t.is(changed.code, 200, changed.text);
  t.is(changed.json.metadata.generation, 2);
  await waitUntil(
    'the default from storage',
    async () => (await api.send({ path: `${path}/one` })).json.b === 'B',
  );
  await waitUntil('the watch of the old schema to end', () => watch.ended());
  const listed = await api.send({ path });
  t.deepEqual([listed.json.items[0].a, listed.json.items[0].b], ['A', 'B']);
  t.is(listed.json.items[0].metadata.resourceVersion, one.json.metadata.resourceVersion);
  const two = await api.send({ method: 'POST', path, body: object(group, 'Widget', 'two') });
  t.deepEqual([two.json.a, two.json.b], [undefined, 'B']);
});

test('unknown fields are pruned, and told as the client asks', async (t) => {
  const group = 'prune.example.com';
  const open = { type: 'object', 'x-kubernetes-preserve-unknown-fields': true };
  const properties = {
    spec: {
      type: 'object',
      properties: {
        size: { type: 'integer', minimum: 1, exclusiveMaximum: true, maximum: 5 },
        open,
        port: { 'x-kubernetes-int-or-string': true },
        maybe: { type: 'string', nullable: true },
        embedded: {
          type: 'object',
          'x-kubernetes-embedded-resource': true,
          'x-kubernetes-preserve-unknown-fields': true,
        },
        one: { type: 'string', oneOf: [{ pattern: '^a' }, { pattern: 'b$' }] },
      },
    },
  };
  await define(definition(group, 'widgets', { schema: { openAPIV3Schema: { type: 'object', properties } } }));
  const path = `/apis/${group}/v1/namespaces/default/widgets`;
  const send = (spec: object, query = '') =>
    api.send({
      method: 'POST',
      path: `${path}?dryRun=All${query}`,
      body: object(group, 'Widget', 'a', { spec }),
    });
  const warned = await send({ size: 1, open: { x: { y: 1 } }, port: '80', maybe: null, foo: 1 });
  t.deepEqual(warned.json.spec, { size: 1, open: { x: { y: 1 } }, port: '80', maybe: null });
  t.regex(String(warned.headers.warning), /unknown field \\"spec.foo\\"/);
  t.is((await send({ foo: 1 }, '&fieldValidation=Strict')).code, 400);
  t.is((await send({ foo: 1 }, '&fieldValidation=Ignore')).headers.warning, undefined);
  for (const wrong of [
    { size: 5 },
    { size: 0 },
    { size: 'a' },
    { port: true },
    { embedded: { kind: 'x' } },
    { one: 'ab' },
    { one: 'x' },
  ]) {
    const answer = await send(wrong);
    t.is(answer.code, 422, JSON.stringify(wrong));
  }
  const embedded = { apiVersion: 'v1', kind: 'X', metadata: { name: 'n', colour: 'red' }, more: 1 };
  const kept = await send({ embedded, one: 'ac' });
  t.deepEqual(kept.json.spec.embedded, { ...embedded, metadata: { name: 'n' } });
});

test('several versions: each object in the version asked for, stored in one', async (t) => {
  const group = 'versions.example.com';
  const body = definition(group, 'widgets');
  body.spec.versions = ['v1alpha1', 'v1', 'v1beta1'].map((name) => ({
    ...body.spec.versions[0],
    name,
    storage: name === 'v1',
  }));
  await define(body);
  const at = (version: string) => `/apis/${group}/${version}/namespaces/default/widgets`;
  const made = await api.send({
    method: 'POST',
    path: at('v1beta1'),
    body: object(group, 'Widget', 'a', { x: 1 }, 'v1beta1'),
  });
  t.is(made.json.apiVersion, `${group}/v1beta1`, made.text);
  t.is((await api.send({ path: `${at('v1alpha1')}/a` })).json.apiVersion, `${group}/v1alpha1`);
  t.is((await api.send({ path: at('v1') })).json.items[0].apiVersion, `${group}/v1`);
  const document = (await api.send({ path: `/apis/${group}` })).json;
  t.deepEqual(
    document.versions.map(({ version }: TestObject) => version),
    ['v1', 'v1beta1', 'v1alpha1'],
  );
  t.is(document.preferredVersion.version, 'v1');
  const crd = await read(body.metadata.name);
  for (const version of crd.spec.versions) {
    version.storage = version.name === 'v1beta1';
    version.served = version.name !== 'v1alpha1';
  }
  const updated = await api.send({ method: 'PUT', path: `${CRDS}/${crd.metadata.name}`, body: crd });
  t.deepEqual(updated.json.status.storedVersions, ['v1', 'v1beta1'], updated.text);
  await waitUntil(
    'the version to be gone',
    async () => (await api.send({ path: at('v1alpha1') })).code === 404,
  );
  const before = await api.send({ path: `${at('v1')}/a` });
  const rewritten = await api.send({ method: 'PUT', path: `${at('v1')}/a`, body: before.json });
  t.not(rewritten.json.metadata.resourceVersion, before.json.metadata.resourceVersion);
  const dropped = {
    ...updated.json,
    spec: { ...updated.json.spec, versions: updated.json.spec.versions.slice(2) },
  };
  const refused = await api.send({ method: 'PUT', path: `${CRDS}/${crd.metadata.name}`, body: dropped });
  t.is(refused.code, 422);
  t.regex(refused.json.message, /status.storedVersions\[0\]: Invalid value: "v1"/);
});

test('[sig-api-machinery] CustomResourceDefinition Watch [Privileged:ClusterAdmin] CustomResourceDefinition Watch watch on custom resource definition objects [Conformance]', async (t) => {
  const group = 'watch.example.com';
  const { metadata } = await define(definition(group, 'widgets'));
  const path = `/apis/${group}/v1/namespaces/default/widgets`;
  const watch = api.watch(`${path}?watch=1`);
  await waitUntil('the watch to begin', () => watch.code() === 200);
  const held = object(group, 'Widget', 'held');
  held.metadata.finalizers = ['example.com/hold'];
  await api.send({ method: 'POST', path, body: held });
  await api.send({ method: 'POST', path, body: object(group, 'Widget', 'free') });
  t.is((await api.send({ method: 'DELETE', path: `${CRDS}/${metadata.name}` })).code, 200);
  await waitUntil(
    'the free one to be deleted',
    async () => (await api.send({ path: `${path}/free` })).code === 404,
  );
  const crd = await read(metadata.name);
  t.true(isTrue(crd, 'Terminating'));
  t.deepEqual(crd.metadata.finalizers, ['customresourcecleanup.apiextensions.k8s.io']);
  const late = await api.send({ method: 'POST', path, body: object(group, 'Widget', 'late') });
  t.is(late.code, 405, late.text);
  await api.send({
    method: 'PATCH',
    path: `${path}/held`,
    headers: MERGE,
    body: { metadata: { finalizers: null } },
  });
  await waitUntil('the watch to end', () => watch.ended());
  t.is((await api.send({ path: `${CRDS}/${metadata.name}` })).code, 404);
  const seen = watch.events.map(
    ({
      type,
      object: {
        metadata: { name },
      },
    }) => `${type} ${name}`,
  );
  t.deepEqual(seen.filter((line) => line.startsWith('DELETED')).toSorted(), ['DELETED free', 'DELETED held']);
});

test('the status of a definition is the server’s own, by its managed fields', async (t) => {
  const group = 'owned.example.com';
  const body = definition(group, 'things');
  body.metadata.finalizers = ['example.com/hold'];
  const crd = await define(body);
  const path = `${CRDS}/${crd.metadata.name}`;
  const entry = ({ metadata }: TestObject) =>
    metadata.managedFields.find((one: TestObject) => one.subresource === 'status');
  const { time, fieldsV1, ...rest } = entry(crd);
  t.regex(time, /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ$/);
  t.deepEqual(rest, {
    manager: 'holt-api',
    operation: 'Update',
    apiVersion: 'apiextensions.k8s.io/v1',
    fieldsType: 'FieldsV1',
    subresource: 'status',
  });
  t.deepEqual(Object.keys(fieldsV1), ['f:status']);
  t.truthy(fieldsV1['f:status']['f:conditions']['k:{"type":"Established"}']);
  await api.send({ method: 'DELETE', path });
  await waitUntil(
    'the kind to be emptied',
    async () => (await read(crd.metadata.name)).metadata.finalizers.length === 1,
  );
  const { 'f:conditions': owned } = entry(await read(crd.metadata.name)).fieldsV1['f:status'];
  t.truthy(owned['k:{"type":"Terminating"}']);
  await api.send({ method: 'PATCH', path, headers: MERGE, body: { metadata: { finalizers: [] } } });
});

test('a kind is served by every server as soon as one of them says that it is established', async (t) => {
  const second = await startTestApi({ etcd: { ...api.etcd, dispose: async () => {} } });
  try {
    for (const plural of ['ones', 'twos', 'threes']) {
      const group = 'replica.example.com';
      const { spec } = await define(definition(group, plural));
      const path = `/apis/${group}/v1/namespaces/default/${plural}`;
      const made = await second.send({ method: 'POST', path, body: object(group, spec.names.kind, 'a') });
      t.is(made.code, 201, made.text);
    }
    const crd = (await second.send({ path: `${CRDS}/uservms.holt.dev` })).json;
    t.is(crd.metadata.generation, 1);
  } finally {
    await second.dispose();
  }
});

test('a name that another kind of the group has is not accepted', async (t) => {
  const group = 'names.example.com';
  await define(definition(group, 'widgets'));
  const body = definition(group, 'others');
  body.spec.names = { ...body.spec.names, kind: 'Widget', shortNames: ['widget'] };
  await api.send({ method: 'POST', path: CRDS, body });
  await waitUntil(
    'the verdict',
    async () => (await read(body.metadata.name)).status?.conditions !== undefined,
  );
  const { status } = await read(body.metadata.name);
  t.deepEqual(
    status.conditions.map(({ type, status: is, reason }: TestObject) => [type, is, reason]),
    [
      ['NamesAccepted', 'False', 'ListKindConflict'],
      ['Established', 'False', 'NotAccepted'],
    ],
  );
  t.is((await api.send({ path: `/apis/${group}/v1/namespaces/default/others` })).code, 404);
  await remove(`widgets.${group}`);
  await waitUntil('the names to be free', async () => isTrue(await read(body.metadata.name), 'Established'));
});

test('a definition that is none is refused with its causes', async (t) => {
  const refusal = async (change: (body: TestObject) => void) => {
    const body = definition('wrong.example.com', 'widgets');
    change(body);
    const answer = await api.send({ method: 'POST', path: CRDS, body });
    t.is(answer.code, 422, answer.text);
    return answer.json.message as string;
  };
  const schema = (openAPIV3Schema: object) => (body: TestObject) => {
    body.spec.versions[0].schema = { openAPIV3Schema };
  };
  t.regex(
    await refusal((body) => {
      body.metadata.name = 'x.y';
    }),
    /must be spec.names.plural\+"."\+spec.group/,
  );
  t.regex(
    await refusal((body) => {
      body.spec.versions[0].storage = false;
    }),
    /exactly one version marked as storage/,
  );
  t.regex(
    await refusal((body) => {
      body.spec.conversion = { strategy: 'Webhook' };
    }),
    /spec.conversion.strategy: Forbidden/,
  );
  t.regex(
    await refusal((body) => {
      delete body.spec.versions[0].schema;
    }),
    /Required value: schemas are required/,
  );
  t.regex(
    await refusal(schema({ type: 'object', properties: { a: {} } })),
    /properties\[a\].type: Required value: must not be empty for specified object fields/,
  );
  t.regex(
    await refusal(schema({ type: 'object', properties: { a: { type: 'string', default: 1 } } })),
    /properties\[a\].default/,
  );
  t.regex(
    await refusal(
      schema({
        type: 'object',
        properties: { a: { type: 'array', items: { type: 'object' }, 'x-kubernetes-list-type': 'map' } },
      }),
    ),
    /must not be empty if x-kubernetes-list-type is map/,
  );
  t.regex(
    await refusal(schema({ type: 'object', anyOf: [{ type: 'object' }] })),
    /anyOf\[0\].type: Forbidden: must be empty to be structural/,
  );
  t.regex(
    await refusal(
      schema({
        type: 'object',
        properties: { metadata: { type: 'object', properties: { labels: { type: 'object' } } } },
      }),
    ),
    /must not specify anything other than name and generateName/,
  );
});

test("Holt's own definitions can neither be deleted nor changed", async (t) => {
  const path = `${CRDS}/uservms.holt.dev`;
  t.is((await api.send({ method: 'DELETE', path })).json.reason, 'Forbidden');
  const change = { spec: { versions: [] } };
  t.is((await api.send({ method: 'PATCH', path, headers: MERGE, body: change })).code, 422);
  const renamed = { spec: { names: { shortNames: ['x'] } } };
  t.is((await api.send({ method: 'PATCH', path, headers: MERGE, body: renamed })).json.reason, 'Forbidden');
  const labelled = { metadata: { labels: { a: 'b' } } };
  t.is((await api.send({ method: 'PATCH', path, headers: MERGE, body: labelled })).code, 200);
});

test('kubectl uses a new kind at once: create, get with columns, explain, delete', async (t) => {
  const group = 'kubectl.example.com';
  const properties = {
    spec: {
      type: 'object',
      description: 'What is wanted.',
      properties: { replicas: { type: 'integer', description: 'How many.', default: 1 } },
    },
    status: { type: 'object', properties: { replicas: { type: 'integer' } } },
  };
  const body = definition(group, 'gadgets', {
    schema: { openAPIV3Schema: { type: 'object', description: 'A gadget.', properties } },
    additionalPrinterColumns: [
      { name: 'Replicas', type: 'integer', jsonPath: '.spec.replicas' },
      { name: 'Hidden', type: 'string', jsonPath: '.spec.x', priority: 1 },
    ],
    selectableFields: [{ jsonPath: '.spec.replicas' }],
    subresources: {
      status: {},
      scale: { specReplicasPath: '.spec.replicas', statusReplicasPath: '.status.replicas' },
    },
  });
  body.spec.names.shortNames = ['gad'];
  await define(body);
  const path = `/apis/${group}/v1/namespaces/default/gadgets`;
  await api.send({
    method: 'POST',
    path,
    body: object(group, 'Gadget', 'g', { spec: {}, status: { replicas: 9 } }),
  });
  t.is((await api.send({ path: `${path}/g` })).json.status, undefined);
  t.is(await kubectl('get', 'gad', 'g'), 'NAME   REPLICAS\ng      1\n');
  const scaled = await kubectl('scale', 'gadget', 'g', '--replicas=3');
  t.is(scaled.trim(), `gadget.${group}/g scaled`);
  const scale = await api.send({ path: `${path}/g/scale` });
  t.deepEqual(
    [scale.json.kind, scale.json.spec, scale.json.status],
    ['Scale', { replicas: 3 }, { replicas: 0 }],
  );
  const stale = { ...scale.json, metadata: { name: 'g', resourceVersion: '1' } };
  t.is((await api.send({ method: 'PUT', path: `${path}/g/scale`, body: stale })).code, 409);
  const more = { ...scale.json, spec: { replicas: 4 } };
  t.deepEqual((await api.send({ method: 'PUT', path: `${path}/g/scale`, body: more })).json.spec, {
    replicas: 4,
  });
  const less = { spec: { replicas: -1 } };
  t.is((await api.send({ method: 'PATCH', path: `${path}/g/scale`, headers: MERGE, body: less })).code, 422);
  await api.send({ method: 'PATCH', path: `${path}/g`, headers: MERGE, body: { spec: { replicas: 1 } } });
  t.regex(await kubectl('explain', 'gadget.spec'), /replicas\s+<integer>\s+How many\./);
  t.is(
    (
      await kubectl('get', 'gad', '--field-selector=spec.replicas=2', '--no-headers', '--ignore-not-found')
    ).trim(),
    '',
  );
  t.regex(await kubectl('get', 'crd', `gadgets.${group}`), /gadgets\.kubectl\.example\.com/);
  t.is(
    (await kubectl('delete', 'crd', `gadgets.${group}`)).trim(),
    `customresourcedefinition.apiextensions.k8s.io "gadgets.${group}" deleted`,
  );
  await t.throwsAsync(kubectl('get', 'gadgets'));
});

test('rules of a definition are compiled with it and asked on every write', async (t) => {
  const schema = (rule: object) => ({
    schema: {
      openAPIV3Schema: {
        type: 'object',
        properties: {
          spec: {
            type: 'object',
            properties: { min: { type: 'integer' }, max: { type: 'integer' } },
            'x-kubernetes-validations': [rule],
          },
        },
      },
    },
  });
  const group = 'rules.example.com';
  const wrong = await api.send({
    method: 'POST',
    path: CRDS,
    body: definition(group, 'ranges', schema({ rule: 'self.absent > 1' })),
  });
  t.is(wrong.code, 422);
  t.regex(wrong.text, /properties\[spec\]\.x-kubernetes-validations\[0\]\.rule/);
  t.regex(wrong.text, /compilation failed/);

  await define(
    definition(group, 'ranges', schema({ rule: 'self.min <= self.max', message: 'min is above max' })),
  );
  const path = `/apis/${group}/v1/namespaces/default/ranges`;
  const good = object(group, 'Range', 'one', { spec: { min: 1, max: 2 } });
  const bad = object(group, 'Range', 'two', { spec: { min: 3, max: 2 } });
  await waitUntil(
    'the kind to be served',
    async () => (await api.send({ method: 'POST', path, body: good })).code === 201,
  );
  const refused = await api.send({ method: 'POST', path, body: bad });
  t.is(refused.code, 422);
  t.is(
    refused.json.message,
    'Range.rules.example.com "two" is invalid: spec: Invalid value: "object": min is above max',
  );
  const patched = await api.send({
    method: 'PATCH',
    path: `${path}/one`,
    headers: MERGE,
    body: { spec: { min: 9 } },
  });
  t.is(patched.code, 422);
});
