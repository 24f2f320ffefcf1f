import { execFile } from 'node:child_process';
import { promisify } from 'node:util';
import test from 'ava';
import { startTestApi, type TestApi, type TestObject } from '../../testing/test-api.ts';
import { waitUntil } from '../../testing/wait-until.ts';

const run = promisify(execFile);
const CRDS = '/apis/apiextensions.k8s.io/v1/customresourcedefinitions';
const JSON_PATCH = { 'content-type': 'application/json-patch+json' };

let api: TestApi;

test.before(async () => {
  api = await startTestApi();
});

test.after.always(() => api?.dispose());

const OPEN = { type: 'object', 'x-kubernetes-preserve-unknown-fields': true };
const SCHEMA = {
  type: 'object',
  description: 'Foo CRD for Testing',
  properties: {
    spec: {
      type: 'object',
      description: 'Specification of Foo',
      properties: {
        bars: {
          type: 'array',
          description: 'List of Bars and their specs.',
          items: {
            type: 'object',
            required: ['name'],
            properties: { name: { type: 'string', description: 'Name of Bar.' }, age: { type: 'string' } },
          },
        },
      },
    },
  },
};

async function define(
  group: string,
  versions: readonly string[],
  schema: object,
  kind = 'Foo',
): Promise<void> {
  const plural = `${kind.toLowerCase()}s`;
  const body = {
    apiVersion: 'apiextensions.k8s.io/v1',
    kind: 'CustomResourceDefinition',
    metadata: { name: `${plural}.${group}` },
    spec: {
      group,
      names: { plural, kind },
      scope: 'Namespaced',
      versions: versions.map((name, index) => ({
        name,
        served: true,
        storage: index === 0,
        schema: { openAPIV3Schema: schema },
      })),
    },
  };
  const made = await api.send({ method: 'POST', path: CRDS, body });
  if (made.code !== 201) throw new Error(made.text);
  for (const version of versions) {
    await waitUntil(
      'the kind to be published',
      async () => (await component(group, version, kind)) !== undefined,
    );
  }
}

/** The component of a kind in the OpenAPI v3 document of its version. */
async function component(group: string, version: string, kind = 'Foo'): Promise<TestObject> {
  const { json } = await api.send({ path: `/openapi/v3/apis/${group}/${version}` });
  return json.components?.schemas[`${group.split('.').toReversed().join('.')}.${version}.${kind}`];
}

async function kubectl(args: readonly string[], input = ''): Promise<string> {
  const running = run('kubectl', [`--kubeconfig=${api.kubeconfig}`, `--cache-dir=${api.dir}/cache`, ...args]);
  running.child.stdin?.end(input);
  return (await running).stdout;
}

function foo(group: string, more: object): string {
  return JSON.stringify({ apiVersion: `${group}/v1`, kind: 'Foo', metadata: { name: 'test-foo' }, ...more });
}

test('[sig-api-machinery] CustomResourcePublishOpenAPI [Privileged:ClusterAdmin] works for CRD with validation schema', async (t) => {
  const group = 'schema.example.com';
  await define(group, ['v1'], SCHEMA);
  const good = foo(group, { spec: { bars: [{ name: 'test-bar' }] } });
  for (const verb of ['create', 'delete', 'apply', 'delete']) await kubectl([verb, '-f', '-'], good);
  for (const verb of ['create', 'apply']) {
    const unknown = kubectl([verb, '-f', '-'], foo(group, { spec: { foo: true } }));
    t.regex((await t.throwsAsync(unknown))?.message ?? '', /unknown field "spec.foo"/);
    const missing = kubectl([verb, '-f', '-'], foo(group, { spec: { bars: [{ age: '10' }] } }));
    t.regex((await t.throwsAsync(missing))?.message ?? '', /spec\.bars\[0\]\.name: Required value/);
  }
  t.regex(
    await kubectl(['explain', 'foos', '--api-version=schema.example.com/v1']),
    /DESCRIPTION:\s+Foo CRD for Testing/,
  );
  t.regex(
    await kubectl(['explain', 'foos.metadata', '--api-version=schema.example.com/v1']),
    /labels\s+<map/,
  );
  const bars = await kubectl(['explain', 'foos.spec.bars', '--api-version=schema.example.com/v1']);
  t.regex(bars, /RESOURCE|FIELD: bars <\[\]Object>/);
  t.regex(bars, /name\s+<string> -required-\s+Name of Bar/);
  await t.throwsAsync(kubectl(['explain', 'foos.spec.bars2', '--api-version=schema.example.com/v1']));
});

test('[sig-api-machinery] CustomResourcePublishOpenAPI [Privileged:ClusterAdmin] works for CRD without validation schema', async (t) => {
  const group = 'none.example.com';
  await define(group, ['v1'], OPEN);
  const any = foo(group, { a: { b: [{ c: 'd' }] } });
  for (const verb of ['create', 'delete', 'apply', 'delete']) await kubectl([verb, '-f', '-'], any);
  t.regex(await kubectl(['explain', 'foos', '--api-version=none.example.com/v1']), /KIND:\s+Foo/);
});

test('[sig-api-machinery] CustomResourcePublishOpenAPI [Privileged:ClusterAdmin] works for CRD preserving unknown fields at the schema root', async (t) => {
  const group = 'root.example.com';
  await define(group, ['v1'], { ...SCHEMA, 'x-kubernetes-preserve-unknown-fields': true });
  t.true((await component(group, 'v1'))['x-kubernetes-preserve-unknown-fields']);
  await kubectl(['apply', '-f', '-'], foo(group, { more: 1, spec: { bars: [{ name: 'x' }] } }));
  await t.throwsAsync(kubectl(['apply', '-f', '-'], foo(group, { spec: { more: 1 } })));
});

test('[sig-api-machinery] CustomResourcePublishOpenAPI [Privileged:ClusterAdmin] works for CRD preserving unknown fields in an embedded object', async (t) => {
  const group = 'nested.example.com';
  await define(group, ['v1'], {
    type: 'object',
    properties: { spec: { ...OPEN, properties: { dummy: { type: 'string' } } } },
  });
  await kubectl(['apply', '-f', '-'], foo(group, { spec: { dummy: 'a', more: { deep: [1] } } }));
  await t.throwsAsync(kubectl(['apply', '-f', '-'], foo(group, { other: 1 })));
  t.regex(await kubectl(['explain', 'foos.spec', '--api-version=nested.example.com/v1']), /dummy\s+<string>/);
});

test('[sig-api-machinery] CustomResourcePublishOpenAPI [Privileged:ClusterAdmin] works for multiple CRDs of different groups', async (t) => {
  await define('one.example.com', ['v1'], SCHEMA);
  await define('two.example.com', ['v1'], OPEN);
  t.is((await component('one.example.com', 'v1')).description, 'Foo CRD for Testing');
  t.deepEqual((await component('two.example.com', 'v1'))['x-kubernetes-group-version-kind'], [
    { group: 'two.example.com', version: 'v1', kind: 'Foo' },
  ]);
});

test('[sig-api-machinery] CustomResourcePublishOpenAPI [Privileged:ClusterAdmin] works for multiple CRDs of same group but different versions, renamed and no longer served', async (t) => {
  const group = 'many.example.com';
  await define(group, ['v3', 'v2'], SCHEMA);
  const path = `${CRDS}/foos.${group}`;
  const other = await component(group, 'v3');
  const renamed = await api.send({
    method: 'PATCH',
    path,
    headers: JSON_PATCH,
    body: [{ op: 'replace', path: '/spec/versions/1/name', value: 'v4' }],
  });
  t.is(renamed.code, 200, renamed.text);
  await waitUntil('the new name', async () => (await component(group, 'v4')) !== undefined);
  t.is(await component(group, 'v2'), undefined);
  t.deepEqual(await component(group, 'v3'), other);
  const before = (await api.send({ path: '/openapi/v3' })).json.paths[`apis/${group}/v3`];
  await api.send({
    method: 'PATCH',
    path,
    headers: JSON_PATCH,
    body: [{ op: 'replace', path: '/spec/versions/1/served', value: false }],
  });
  await waitUntil('it to be gone', async () => (await component(group, 'v4')) === undefined);
  const { paths } = (await api.send({ path: '/openapi/v3' })).json;
  t.deepEqual(paths[`apis/${group}/v3`], before);
  t.is(paths[`apis/${group}/v4`], undefined);
  const groups = await api.send({
    path: '/apis',
    headers: { accept: 'application/json;g=apidiscovery.k8s.io;v=v2;as=APIGroupDiscoveryList' },
  });
  const found = groups.json.items.find(({ metadata }: TestObject) => metadata.name === group);
  t.deepEqual(
    found.versions.map(({ version }: TestObject) => version),
    ['v3'],
  );
});

test('[sig-api-machinery] CustomResourcePublishOpenAPI [Privileged:ClusterAdmin] works for multiple CRDs of same group and version but different kinds', async (t) => {
  const group = 'kinds.example.com';
  await define(group, ['v6'], SCHEMA);
  await define(group, ['v6'], OPEN, 'Bar');
  t.truthy(await component(group, 'v6', 'Foo'));
  t.truthy(await component(group, 'v6', 'Bar'));
  const swagger = (await api.send({ path: '/openapi/v2' })).json;
  t.truthy(swagger.definitions['com.example.kinds.v6.Bar']);
});
