import test from 'ava';
import { startTestApi, type TestApi, type TestObject } from '../../testing/test-api.ts';
import { waitUntil } from '../../testing/wait-until.ts';

/** Each test is named after the upstream conformance test whose behaviour it holds. */
const SELECTORS = '[sig-api-machinery] CustomResourceFieldSelectors [Privileged:ClusterAdmin]';
const CRDS = '/apis/apiextensions.k8s.io/v1/customresourcedefinitions';

let api: TestApi;

test.before(async () => {
  api = await startTestApi();
});

test.after.always(() => api?.dispose());

const SPEC = {
  type: 'object',
  properties: {
    x: { type: 'integer' },
    y: { type: 'integer' },
  },
};

function definition(group: string, version: TestObject = {}): TestObject {
  return {
    apiVersion: 'apiextensions.k8s.io/v1',
    kind: 'CustomResourceDefinition',
    metadata: { name: `foos.${group}` },
    spec: {
      group,
      names: { plural: 'foos', kind: 'Foo' },
      scope: 'Namespaced',
      versions: [
        {
          name: 'v1',
          served: true,
          storage: true,
          schema: { openAPIV3Schema: { type: 'object', properties: { spec: SPEC } } },
          ...version,
        },
      ],
    },
  };
}

const pathOf = (group: string) => `/apis/${group}/v1/namespaces/default/foos`;
const foo = (group: string, name: string, spec: TestObject): TestObject => ({
  apiVersion: `${group}/v1`,
  kind: 'Foo',
  metadata: { name },
  spec,
});
const create = (group: string, name: string, spec: TestObject) =>
  api.send({ method: 'POST', path: pathOf(group), body: foo(group, name, spec) });

/** Creates the definition and waits until its kind is served. */
async function define(body: TestObject): Promise<string> {
  const { code, text } = await api.send({ method: 'POST', path: CRDS, body });
  if (code !== 201) throw new Error(text);
  const { group } = body.spec;
  await waitUntil('the kind', async () => (await api.send({ path: pathOf(group) })).code === 200);
  return group;
}

test(`${SELECTORS} CustomResourceFieldSelectors MUST list and watch custom resources matching the field selector [Conformance]`, async (t) => {
  const group = await define(
    definition('selected.example.com', {
      selectableFields: [{ jsonPath: '.spec.x' }, { jsonPath: '.spec.y' }],
    }),
  );
  const path = pathOf(group);
  const { resourceVersion } = (await api.send({ path })).json.metadata;
  const watch = api.watch(`${path}?watch=true&fieldSelector=spec.x%3D1&resourceVersion=${resourceVersion}`);
  await create(group, 'a', { x: 1, y: 1 });
  await create(group, 'b', { x: 2, y: 1 });
  await create(group, 'c', { x: 1, y: 2 });
  const names = async (selector: string) =>
    (await api.send({ path: `${path}?fieldSelector=${encodeURIComponent(selector)}` })).json.items.map(
      ({ metadata }: TestObject) => metadata.name,
    );
  t.deepEqual(await names('spec.x=1'), ['a', 'c']);
  t.deepEqual(await names('spec.x=1,spec.y=2'), ['c']);
  t.deepEqual(await names('spec.x!=1'), ['b']);
  const headers = { 'content-type': 'application/merge-patch+json' };
  await api.send({ method: 'PATCH', path: `${path}/a`, headers, body: { spec: { x: 3 } } });
  await waitUntil('the deletion', async () => watch.events.some(({ type }) => type === 'DELETED'));
  t.deepEqual(
    watch.events.map(({ type, object }) => `${type} ${object.metadata.name}`),
    ['ADDED a', 'ADDED c', 'DELETED a'],
  );
  watch.close();
  const refused = await api.send({ method: 'DELETE', path: `${path}?fieldSelector=spec.x%3D1` });
  t.is(refused.code, 200);
  t.deepEqual(await names('spec.x!=9'), ['a', 'b'], 'a collection is deleted by the field');
});

test('[sig-api-machinery] AggregatedDiscovery should support raw aggregated discovery request for CRDs [Conformance]', async (t) => {
  const group = await define(definition('discovered.example.com'));
  const accept = 'application/json;g=apidiscovery.k8s.io;v=v2;as=APIGroupDiscoveryList';
  const found = async () => {
    const { json } = await api.send({ path: '/apis', headers: { accept } });
    return json.items.find(({ metadata }: TestObject) => metadata.name === group);
  };
  await waitUntil('the group in discovery', async () => (await found()) !== undefined);
  const { versions } = await found();
  t.is(versions[0].version, 'v1');
  t.is(versions[0].freshness, 'Current');
  const [resource] = versions[0].resources;
  t.is(resource.resource, 'foos');
  t.deepEqual(resource.responseKind, { group, version: 'v1', kind: 'Foo' });
  t.is(resource.scope, 'Namespaced');
  await api.send({ method: 'DELETE', path: `${CRDS}/foos.${group}` });
  await waitUntil('the group to be gone', async () => (await found()) === undefined);
});

test('the columns of a Table are called what the definition calls them, or by their paths', async (t) => {
  const additionalPrinterColumns = [
    { name: 'X', type: 'integer', jsonPath: '.spec.x' },
    { name: 'Since', type: 'date', jsonPath: '.status.since', description: 'Since when' },
  ];
  const group = await define(definition('columns.example.com', { additionalPrinterColumns }));
  await create(group, 'a', { x: 1 });
  const accept = 'application/json;as=Table;v=v1;g=meta.k8s.io';
  const { json } = await api.send({ path: pathOf(group), headers: { accept } });
  t.deepEqual(
    json.columnDefinitions.slice(1).map(({ type, description }: TestObject) => [type, description]),
    [
      ['integer', 'Custom resource definition column (in JSONPath format): .spec.x'],
      ['date', 'Since when'],
    ],
  );
  t.deepEqual(json.rows[0].cells, ['a', 1, null]);
});
