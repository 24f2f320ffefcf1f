import test from 'ava';
import { startTestApi, type TestApi, type TestObject, type TestResponse } from '../../testing/test-api.ts';
import { waitUntil } from '../../testing/wait-until.ts';

/** Each test is named after the upstream test of CustomResourceValidationRules whose behaviour it holds. */
let api: TestApi;

const GROUP = 'rules.example.com';

const RULES = {
  spec: {
    type: 'object',
    'x-kubernetes-validations': [
      { rule: 'self.x + self.y > 0' },
      {
        rule: 'self.firstArray.isSorted() && self.secondArray.isSorted() && ((self.firstArray.sum() + self.secondArray.sum()) % 2 == 0)',
      },
      { rule: 'self.largeArray.all(x, self.largeArray.all(y, y == x))' },
    ],
    properties: {
      x: { type: 'integer' },
      y: { type: 'integer' },
      firstArray: { type: 'array', maxItems: 1000, items: { type: 'integer' } },
      secondArray: { type: 'array', maxItems: 1000, items: { type: 'integer' } },
      largeArray: { type: 'array', maxItems: 725, items: { type: 'integer' } },
    },
  },
  status: {
    type: 'object',
    'x-kubernetes-validations': [{ rule: "self.health == 'ok' || self.health == 'unhealthy'" }],
    properties: { health: { type: 'string' } },
  },
};

function define(plural: string, properties: TestObject): Promise<TestResponse> {
  return api.send({
    method: 'POST',
    path: '/apis/apiextensions.k8s.io/v1/customresourcedefinitions',
    body: {
      apiVersion: 'apiextensions.k8s.io/v1',
      kind: 'CustomResourceDefinition',
      metadata: { name: `${plural}.${GROUP}` },
      spec: {
        group: GROUP,
        scope: 'Namespaced',
        names: { plural, kind: plural },
        versions: [
          {
            ...{ name: 'v1', served: true, storage: true },
            schema: { openAPIV3Schema: { type: 'object', properties } },
          },
        ],
      },
    },
  });
}

const pathOf = (plural: string) => `/apis/${GROUP}/v1/namespaces/default/${plural}`;

function create(plural: string, spec: TestObject): Promise<TestResponse> {
  const object = { apiVersion: `${GROUP}/v1`, kind: plural, metadata: { generateName: 'cr-' }, spec };
  return api.send({ method: 'POST', path: pathOf(plural), body: object });
}

test.before(async () => {
  api = await startTestApi();
  await define('ruled', RULES);
  await define('growing', {
    spec: {
      type: 'object',
      properties: { num: { type: 'integer', 'x-kubernetes-validations': [{ rule: 'self > oldSelf' }] } },
    },
  });
  for (const plural of ['ruled', 'growing'])
    await waitUntil(
      `${plural} to be served`,
      async () => (await api.send({ path: pathOf(plural) })).code === 200,
    );
});

test.after.always(() => api?.dispose());

test('MUST NOT fail validation for create of a custom resource that satisfies the x-kubernetes-validations rules', async (t) => {
  const spec = { x: 1, y: 0, firstArray: [3, 4], secondArray: [5, 10], largeArray: [2, 2] };
  t.is((await create('ruled', spec)).code, 201);
});

test('MUST fail validation for create of a custom resource that does not satisfy the x-kubernetes-validations rules', async (t) => {
  const { code, json } = await create('ruled', { x: 0, y: 0 });
  t.is(code, 422);
  t.regex(json.message, /failed rule/);
});

test('MUST fail create of a custom resource definition that contains a x-kubernetes-validations rule that refers to a property that do not exist', async (t) => {
  const rules = [{ rule: 'self.z == 100' }];
  const spec = { type: 'object', 'x-kubernetes-validations': rules, properties: { x: { type: 'integer' } } };
  const { code, json } = await define('missing', { spec });
  t.is(code, 422);
  t.regex(json.message, /undefined field 'z'/);
});

test('MUST fail create of a custom resource definition that contains an x-kubernetes-validations rule that contains a syntax error', async (t) => {
  const spec = { type: 'object', 'x-kubernetes-validations': [{ rule: 'self = 42' }] };
  const { code, json } = await define('broken', { spec });
  t.is(code, 422);
  t.regex(json.message, /Syntax error/);
});

test('MUST fail create of a custom resource definition that contains an x-kubernetes-validations rule that exceeds the estimated cost limit', async (t) => {
  const inner = {
    type: 'array',
    items: { type: 'string' },
    'x-kubernetes-validations': [{ rule: "self.all(s, s == 'string constant')" }],
  };
  const spec = { type: 'object', properties: { x: { type: 'array', items: inner } } };
  const { code, json } = await define('dear', { spec });
  t.is(code, 422);
  const field =
    'spec.versions[0].schema.openAPIV3Schema.properties[spec].properties[x].items.x-kubernetes-validations[0].rule';
  t.deepEqual(json.details.causes[0], {
    reason: 'FieldValueForbidden',
    message:
      'Forbidden: estimated rule cost exceeds budget by factor of more than 100x (try simplifying the rule, or adding maxItems, maxProperties, and maxLength where arrays, maps, and strings are declared)',
    field,
  });
});

test('MUST fail create of a custom resource that exceeds the runtime cost limit for x-kubernetes-validations rule execution', async (t) => {
  const { code, json } = await create('ruled', { largeArray: Array(725).fill(20) });
  t.is(code, 422);
  t.regex(json.message, /call cost exceeds limit/);
});

test('MUST fail update of a custom resource that does not satisfy a x-kubernetes-validations transition rule', async (t) => {
  const created = await create('growing', { num: 10 });
  t.is(created.code, 201);
  const path = `${pathOf('growing')}/${created.json.metadata.name}`;
  const { code, json } = await api.send({ method: 'PUT', path, body: { ...created.json, spec: { num: 9 } } });
  t.is(code, 422);
  t.regex(json.message, /failed rule/);
});
