import test from 'ava';
import { startTestApi, type TestApi, type TestObject } from '../../testing/test-api.ts';
import { waitUntil } from '../../testing/wait-until.ts';
import {
  ADMISSION_PATH,
  bindingOf,
  policyOf,
  postBinding,
  postPolicy,
  resourceRule,
  sendUntil,
} from '../policy/testing/policy-api.ts';

/**
 * Each test is named after the upstream conformance test whose behaviour it holds; a custom kind with replicas stands
 * for Deployments and ReplicaSets.
 */
let api: TestApi;

const GROUP = 'stable.vap.example.com';
const POLICIES = `${ADMISSION_PATH}/validatingadmissionpolicies`;
const BINDINGS = `${ADMISSION_PATH}/validatingadmissionpolicybindings`;

async function define(plural: string, kind: string): Promise<void> {
  const replicas = {
    type: 'object',
    properties: { replicas: { type: 'integer' }, image: { type: 'string' } },
  };
  const body = {
    apiVersion: 'apiextensions.k8s.io/v1',
    kind: 'CustomResourceDefinition',
    metadata: { name: `${plural}.${GROUP}` },
    spec: {
      group: GROUP,
      scope: 'Namespaced',
      names: { plural, kind },
      versions: [
        {
          ...{ name: 'v1', served: true, storage: true },
          schema: { openAPIV3Schema: { type: 'object', properties: { spec: replicas } } },
        },
      ],
    },
  };
  await api.send({
    method: 'POST',
    path: '/apis/apiextensions.k8s.io/v1/customresourcedefinitions',
    body,
  });
  const path = `/apis/${GROUP}/v1/${plural}`;
  await waitUntil(`${plural} to be served`, async () => (await api.send({ path })).code === 200);
}

/** A namespace with a label of its own, so that policies of other tests leave it alone. */
async function labelledNamespace(name: string): Promise<void> {
  await api.send({
    method: 'POST',
    path: '/api/v1/namespaces',
    body: { apiVersion: 'v1', kind: 'Namespace', metadata: { name, labels: { [name]: 'true' } } },
  });
}

function create(namespace: string, plural: string, kind: string, replicas: number) {
  return api.send({
    method: 'POST',
    path: `/apis/${GROUP}/v1/namespaces/${namespace}/${plural}`,
    body: {
      apiVersion: `${GROUP}/v1`,
      kind,
      metadata: { generateName: 'a-' },
      spec: { replicas },
    },
  });
}

function matching(namespace: string, plural: string): TestObject {
  return {
    resourceRules: [resourceRule(GROUP, plural)],
    namespaceSelector: { matchLabels: { [namespace]: 'true' } },
  };
}

async function putInForce(namespace: string, spec: TestObject): Promise<void> {
  const policy = `${namespace}.policy.example.com`;
  await postPolicy(api, policyOf(policy, { matchConstraints: matching(namespace, 'deployments'), ...spec }));
  const matchResources = { namespaceSelector: { matchLabels: { [namespace]: 'true' } } };
  await postBinding(api, bindingOf(`${namespace}.binding.example.com`, policy, { matchResources }));
}

test.before(async () => {
  api = await startTestApi();
  await define('deployments', 'Deployment');
  await define('replicasets', 'ReplicaSet');
});

test.after.always(() => api?.dispose());

test('should validate against a Deployment', async (t) => {
  await labelledNamespace('vap-a');
  await labelledNamespace('vap-other');
  await putInForce('vap-a', {
    validations: [
      {
        expression: 'object.spec.replicas > 1',
        messageExpression: "'wants replicas > 1, got ' + object.spec.replicas",
      },
      {
        expression: "namespaceObject.metadata.name == 'vap-a'",
        message: 'Internal error! Other namespace should not be allowed.',
      },
    ],
  });
  const send = () => create('vap-a', 'deployments', 'Deployment', 1);
  const denied = await sendUntil('the marker to be denied', send, ({ code }) => code !== 201);
  t.is(denied.code, 422);
  t.is(denied.json.reason, 'Invalid');
  // A string and an int cannot be added: the message falls back to the expression.
  t.regex(
    denied.json.message,
    /^deployments\.stable\.vap\.example\.com "a-.{5}" is forbidden: ValidatingAdmissionPolicy 'vap-a\.policy\.example\.com' with binding 'vap-a\.binding\.example\.com' denied request: failed expression: object\.spec\.replicas > 1$/,
  );
  t.is((await create('vap-a', 'deployments', 'Deployment', 2)).code, 201);
  t.is((await create('vap-a', 'replicasets', 'ReplicaSet', 1)).code, 201);
  t.is((await create('vap-other', 'deployments', 'Deployment', 1)).code, 201);
});

test('should allow expressions to refer variables.', async (t) => {
  await labelledNamespace('vap-b');
  await putInForce('vap-b', {
    variables: [
      { name: 'replicas', expression: 'object.spec.replicas' },
      { name: 'oddReplicas', expression: 'variables.replicas % 2 == 1' },
    ],
    validations: [{ expression: 'variables.replicas > 1' }, { expression: 'variables.oddReplicas' }],
  });
  const send = () => create('vap-b', 'deployments', 'Deployment', 1);
  const denied = await sendUntil('the marker to be denied', send, ({ code }) => code !== 201);
  t.regex(denied.json.message, /denied request: failed expression: variables\.replicas > 1$/);
  t.is((await create('vap-b', 'deployments', 'Deployment', 3)).code, 201);
  const even = await create('vap-b', 'deployments', 'Deployment', 2);
  t.regex(even.json.message, /denied request: failed expression: variables\.oddReplicas$/);
  t.is((await create('vap-b', 'replicasets', 'ReplicaSet', 1)).code, 201);
});

/** The policy once its types were checked. */
async function checkedPolicy(name: string, group: string, validations: TestObject): Promise<TestObject> {
  const resourceRules = [{ ...resourceRule(group, 'deployments'), apiVersions: ['v1'] }];
  await postPolicy(api, policyOf(name, { matchConstraints: { resourceRules }, validations }));
  const read = () => api.send({ path: `${POLICIES}/${name}` });
  const { json } = await sendUntil('the type check', read, (answer) => answer.json.status?.typeChecking);
  return json;
}

test('should type check validation expressions', async (t) => {
  const right = await checkedPolicy('correct-policy.example.com', GROUP, [
    { expression: 'object.spec.replicas > 1' },
  ]);
  t.deepEqual(right.status, { observedGeneration: 1, typeChecking: {} });
  const confused = await checkedPolicy('confused-policy.example.com', GROUP, [
    {
      expression: "object.spec.replicas > '1'",
      messageExpression: "'wants replicas > 1, got ' + object.spec.replicas",
    },
  ]);
  const { expressionWarnings } = confused.status.typeChecking;
  t.deepEqual(expressionWarnings, [
    {
      fieldRef: 'spec.validations[0].expression',
      warning: [
        `${GROUP}/v1, Kind=Deployment: ERROR: <input>:1:22: found no matching overload for '_>_' applied to '(int, string)'`,
        " | object.spec.replicas > '1'",
        ' | .....................^',
        '',
      ].join('\n'),
    },
    {
      fieldRef: 'spec.validations[0].messageExpression',
      warning: [
        `${GROUP}/v1, Kind=Deployment: ERROR: <input>:1:28: found no matching overload for '_+_' applied to '(string, int)'`,
        " | 'wants replicas > 1, got ' + object.spec.replicas",
        ' | ...........................^',
        '',
      ].join('\n'),
    },
  ]);
});

test('should type check a CRD', async (t) => {
  const confused = await checkedPolicy('confused-crd-policy.example.com', GROUP, [
    { expression: "object.spec.replicas > '1'" },
    { expression: 'object.spec.maxRetries < 10' },
  ]);
  const [first, second, ...more] = confused.status.typeChecking.expressionWarnings;
  t.is(first.fieldRef, 'spec.validations[0].expression');
  t.regex(first.warning, /found no matching overload for '_>_' applied to '\(int, string\)'/);
  t.is(second.fieldRef, 'spec.validations[1].expression');
  t.regex(second.warning, /undefined field 'maxRetries'/);
  t.deepEqual(more, []);
});

async function checkDiscovery(t: { true(value: boolean): void }, names: readonly string[]): Promise<void> {
  const groups = await api.send({ path: '/apis' });
  const found = groups.json.groups.find(({ name }: TestObject) => name === 'admissionregistration.k8s.io');
  t.true(found.versions.some(({ version }: TestObject) => version === 'v1'));
  const group = await api.send({ path: '/apis/admissionregistration.k8s.io' });
  t.true(group.json.versions.some(({ version }: TestObject) => version === 'v1'));
  const { json } = await api.send({ path: ADMISSION_PATH });
  const resources = json.resources.map(({ name }: TestObject) => name);
  for (const name of names) t.true(resources.includes(name));
}

const MERGE = { 'content-type': 'application/merge-patch+json' };

test('should support ValidatingAdmissionPolicy API operations', async (t) => {
  await checkDiscovery(t, ['validatingadmissionpolicies', 'validatingadmissionpolicies/status']);
  const label = 'example-e2e-vap-label=abc';
  const template = {
    ...policyOf('', {
      validations: [{ expression: 'object.spec.replicas <= 100' }],
      matchConstraints: {
        resourceRules: [
          { operations: ['CREATE'], apiGroups: ['apps'], apiVersions: ['v1'], resources: ['deployments'] },
        ],
      },
    }),
    metadata: { generateName: 'e2e-example-vap-', labels: { 'example-e2e-vap-label': 'abc' } },
  };
  await postPolicy(api, template);
  await postPolicy(api, template);
  const created = await postPolicy(api, template);
  t.is(created.code, 201);
  const { name, uid } = created.json.metadata;
  const path = `${POLICIES}/${name}`;
  t.is((await api.send({ path })).json.metadata.uid, uid);
  const list = await api.send({ path: `${POLICIES}?labelSelector=${label}` });
  t.is(list.json.items.length, 3);
  const { resourceVersion } = list.json.metadata;
  const watch = api.watch(`${POLICIES}?watch=true&labelSelector=${label}&resourceVersion=${resourceVersion}`);
  const patched = await api.send({
    method: 'PATCH',
    path,
    headers: MERGE,
    body: { metadata: { annotations: { patched: 'true' } }, spec: { failurePolicy: 'Ignore' } },
  });
  t.is(patched.json.metadata.annotations.patched, 'true');
  t.is(patched.json.spec.failurePolicy, 'Ignore');
  t.is(patched.json.metadata.generation, 2);
  const update = await sendUntil(
    'the update',
    async () => {
      const { json } = await api.send({ path });
      json.metadata.annotations.updated = 'true';
      json.spec.failurePolicy = 'Fail';
      return api.send({ method: 'PUT', path, body: json });
    },
    ({ code }) => code !== 409,
  );
  t.is(update.json.metadata.annotations.updated, 'true');
  t.is(update.json.spec.failurePolicy, 'Fail');
  await waitUntil('the watch events', () =>
    watch.events.some(({ object }) => object.metadata.annotations?.updated === 'true'),
  );
  t.true(watch.events.every(({ type }) => type === 'MODIFIED'));
  watch.close();
  const status = await api.send({ path: `${path}/status` });
  t.is(status.json.kind, 'ValidatingAdmissionPolicy');
  t.is(status.json.metadata.uid, uid);
  const condition = {
    ...{ type: 'PatchStatusFailed', status: 'False', reason: 'e2e', message: 'Set from an e2e test' },
    lastTransitionTime: '2024-01-01T00:00:00Z',
  };
  const patchedStatus = await api.send({
    method: 'PATCH',
    path: `${path}/status`,
    headers: MERGE,
    body: { status: { conditions: [condition] } },
  });
  t.is(patchedStatus.json.status.conditions[0].type, 'PatchStatusFailed');
  const updatedStatus = await sendUntil(
    'the update of the status',
    async () => {
      const { json } = await api.send({ path });
      json.status.conditions.push({ ...condition, type: 'StatusUpdateFailed' });
      return api.send({ method: 'PUT', path: `${path}/status`, body: json });
    },
    ({ code }) => code !== 409,
  );
  t.is(updatedStatus.json.status.conditions.length, 2);
  await api.send({ method: 'DELETE', path });
  t.is((await api.send({ path })).code, 404);
  const left = await api.send({ path: `${POLICIES}?labelSelector=${label}` });
  t.is(left.json.items.length, 2);
  await api.send({ method: 'DELETE', path: `${POLICIES}?labelSelector=${label}` });
  const none = await api.send({ path: `${POLICIES}?labelSelector=${label}` });
  t.deepEqual(none.json.items, []);
});

test('should support ValidatingAdmissionPolicyBinding API operations', async (t) => {
  await checkDiscovery(t, ['validatingadmissionpolicybindings']);
  const label = 'example-e2e-vap-binding-label=abc';
  const template = {
    ...bindingOf('', 'replicalimit-policy.example.com'),
    metadata: { generateName: 'e2e-example-vap-', labels: { 'example-e2e-vap-binding-label': 'abc' } },
  };
  await postBinding(api, template);
  await postBinding(api, template);
  const created = await postBinding(api, template);
  t.is(created.code, 201);
  const { name, uid } = created.json.metadata;
  const path = `${BINDINGS}/${name}`;
  t.is((await api.send({ path })).json.metadata.uid, uid);
  const list = await api.send({ path: `${BINDINGS}?labelSelector=${label}` });
  t.is(list.json.items.length, 3);
  const { resourceVersion } = list.json.metadata;
  const watch = api.watch(`${BINDINGS}?watch=true&labelSelector=${label}&resourceVersion=${resourceVersion}`);
  const patched = await api.send({
    method: 'PATCH',
    path,
    headers: MERGE,
    body: { metadata: { annotations: { patched: 'true' } } },
  });
  t.is(patched.json.metadata.annotations.patched, 'true');
  patched.json.metadata.annotations.updated = 'true';
  patched.json.spec.validationActions = ['Audit'];
  const updated = await api.send({ method: 'PUT', path, body: patched.json });
  t.deepEqual(updated.json.spec.validationActions, ['Audit']);
  t.is(updated.json.metadata.generation, 2);
  await waitUntil('the watch events', () => watch.events.length >= 2);
  t.true(watch.events.every(({ type }) => type === 'MODIFIED'));
  watch.close();
  await api.send({ method: 'DELETE', path });
  t.is((await api.send({ path })).code, 404);
  await api.send({ method: 'DELETE', path: `${BINDINGS}?labelSelector=${label}` });
  t.deepEqual((await api.send({ path: `${BINDINGS}?labelSelector=${label}` })).json.items, []);
});
