import test from 'ava';
import { startTestApi, type TestApi, type TestObject } from '../../testing/test-api.ts';
import { waitUntil } from '../../testing/wait-until.ts';

/** Each test is named after the upstream conformance test whose behaviour it holds. */
let api: TestApi;

const GROUP = 'fieldvalidation.example.com';
const STRICT_APPLY = 'fieldManager=field_validation_mgr&fieldValidation=Strict&force=true';

test.before(async () => {
  api = await startTestApi();
});

test.after.always(() => api?.dispose());

const KNOWN = {
  type: 'object',
  properties: {
    knownField1: { type: 'string' },
    ports: {
      type: 'array',
      'x-kubernetes-list-map-keys': ['containerPort', 'protocol'],
      'x-kubernetes-list-type': 'map',
      items: {
        type: 'object',
        required: ['containerPort', 'protocol'],
        properties: {
          containerPort: { type: 'integer' },
          protocol: { type: 'string' },
          hostPort: { type: 'integer' },
        },
      },
    },
  },
};

/** Defines a kind and returns the path of its objects and the objects' apiVersion. */
async function define(plural: string, kind: string, schema: TestObject): Promise<string> {
  const body = {
    apiVersion: 'apiextensions.k8s.io/v1',
    kind: 'CustomResourceDefinition',
    metadata: { name: `${plural}.${GROUP}` },
    spec: {
      group: GROUP,
      scope: 'Cluster',
      names: { plural, kind },
      versions: [{ name: 'v1', served: true, storage: true, schema: { openAPIV3Schema: schema } }],
    },
  };
  await api.send({
    method: 'POST',
    path: '/apis/apiextensions.k8s.io/v1/customresourcedefinitions',
    body,
  });
  const path = `/apis/${GROUP}/v1/${plural}`;
  await waitUntil(`${plural} to be served`, async () => (await api.send({ path })).code === 200);
  return path;
}

const apply = (path: string, name: string, kind: string, rest: string) =>
  api.send({
    method: 'PATCH',
    path: `${path}/${name}?${STRICT_APPLY}`,
    headers: { 'content-type': 'application/apply-patch+yaml' },
    body: `apiVersion: ${GROUP}/v1\nkind: ${kind}\nmetadata:\n  name: ${name}\n${rest}`,
  });

test('[sig-api-machinery] FieldValidation should create/apply a valid CR for CRD with validation schema [Conformance]', async (t) => {
  const schema = { type: 'object', properties: { spec: KNOWN } };
  const path = await define('valids', 'Valid', schema);
  const rest =
    'spec:\n  knownField1: val1\n  ports:\n  - name: x\n    containerPort: 8080\n    protocol: TCP\n';
  const refused = await apply(path, 'mytest', 'Valid', rest);
  t.is(refused.code, 400, 'a field within a list item that the schema lacks');
  const applied = await apply(path, 'mytest', 'Valid', rest.replace('  - name: x\n    ', '  - '));
  t.is(applied.code, 201);
  t.is(applied.json.spec.knownField1, 'val1');
});

test('[sig-api-machinery] FieldValidation should create/apply a CR with unknown fields for CRD with no validation schema [Conformance]', async (t) => {
  const path = await define('opens', 'Open', {
    type: 'object',
    'x-kubernetes-preserve-unknown-fields': true,
  });
  const applied = await apply(path, 'mytest', 'Open', 'spec:\n  foo: foo1\n  cronSpec: "* * * * */5"\n');
  t.is(applied.code, 201);
  t.is(applied.json.spec.foo, 'foo1');
});

test('[sig-api-machinery] FieldValidation should create/apply an invalid CR with extra properties for CRD with validation schema [Conformance]', async (t) => {
  const path = await define('extras', 'Extra', { type: 'object', properties: { spec: KNOWN } });
  const applied = await apply(path, 'mytest', 'Extra', 'spec:\n  extraProp: x\n');
  t.is(applied.code, 400);
  t.regex(applied.json.message, /strict decoding error|field not declared in schema/);
  t.regex(applied.json.message, /extraProp/);
  t.is((await api.send({ path: `${path}/mytest` })).code, 404);
});

test('[sig-api-machinery] FieldValidation should detect unknown metadata fields in both the root and embedded object of a CR [Conformance]', async (t) => {
  const template = {
    type: 'object',
    'x-kubernetes-embedded-resource': true,
    'x-kubernetes-preserve-unknown-fields': true,
  };
  const path = await define('embeds', 'Embed', {
    type: 'object',
    properties: { spec: { type: 'object', properties: { template } } },
  });
  const body = {
    apiVersion: `${GROUP}/v1`,
    kind: 'Embed',
    metadata: { name: 'embed', unknownMeta: 'unknown' },
    spec: {
      template: {
        apiVersion: 'foo/v1',
        kind: 'Sub',
        metadata: { name: 'sub', namespace: 'default', unknownSubMeta: 'x' },
      },
    },
  };
  const { code, json } = await api.send({ method: 'POST', path: `${path}?fieldValidation=Strict`, body });
  t.is(code, 400);
  t.regex(json.message, /unknown field "metadata\.unknownMeta"/);
  t.regex(json.message, /unknown field "spec\.template\.metadata\.unknownSubMeta"/);
});

test('[sig-api-machinery] FieldValidation should detect duplicates in a CR when preserving unknown fields [Conformance]', async (t) => {
  const path = await define('duplicates', 'Duplicate', {
    type: 'object',
    'x-kubernetes-preserve-unknown-fields': true,
    properties: {
      spec: { type: 'object', 'x-kubernetes-preserve-unknown-fields': true, properties: KNOWN.properties },
    },
  });
  const { code, json } = await api.send({
    method: 'POST',
    path: `${path}?fieldValidation=Strict`,
    headers: { 'content-type': 'application/json' },
    body: `{"apiVersion":"${GROUP}/v1","kind":"Duplicate","metadata":{"name":"twice"},"spec":{"unknown":"uk1","unknown":"uk2","knownField1":"a"}}`,
  });
  t.is(code, 400);
  t.regex(json.message, /strict decoding error: duplicate field "spec\.unknown"/);
});
