import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import test, { type ExecutionContext } from 'ava';
import { runCommand } from '../../../lib/run-command.ts';
import { startTestApi, type TestApi, type TestObject, type TestRequest } from '../../testing/test-api.ts';
import { waitUntil } from '../../testing/wait-until.ts';
import {
  ADMISSION_PATH,
  bindingOf,
  policyOf,
  postBinding,
  postPolicy,
  removePolicy,
  resourceRule,
  sendUntil,
} from './testing/policy-api.ts';

let api: TestApi;
const audited: TestObject[] = [];

test.before(async () => {
  const sink = { write: (line: string) => void audited.push(JSON.parse(line)), close: async () => {} };
  api = await startTestApi({ server: { audit: { rules: [{ level: 'Metadata' }], sink } } });
});

test.after.always(() => api?.dispose());

/** A namespace of the test's own, and a policy in force in it alone. */
interface Setup {
  readonly name: string;
  readonly resource?: string;
  readonly group?: string;
  readonly operations?: readonly string[];
  readonly spec: TestObject;
  readonly binding?: TestObject;
  readonly constraints?: TestObject;
}

async function setUp(setup: Setup): Promise<void> {
  const { name, resource = 'configmaps', group = '', operations, spec, binding = {}, constraints } = setup;
  const namespace = { apiVersion: 'v1', kind: 'Namespace', metadata: { name } };
  await api.send({ method: 'POST', path: '/api/v1/namespaces', body: namespace });
  const matchConstraints = {
    resourceRules: [resourceRule(group, resource, operations)],
    namespaceSelector: { matchLabels: { 'kubernetes.io/metadata.name': name } },
    ...constraints,
  };
  const policy = await postPolicy(api, policyOf(name, { matchConstraints, ...spec }));
  if (policy.code !== 201) throw new Error(policy.text);
  const bound = await postBinding(api, bindingOf(name, name, binding));
  if (bound.code !== 201) throw new Error(bound.text);
}

const configMaps = (namespace: string) => `/api/v1/namespaces/${namespace}/configmaps`;

function configMap(name: string, data: TestObject = {}, metadata: TestObject = {}): TestObject {
  return { apiVersion: 'v1', kind: 'ConfigMap', metadata: { name, ...metadata }, data };
}

function create(namespace: string, object: TestObject, query = '') {
  return api.send({ method: 'POST', path: `${configMaps(namespace)}${query}`, body: object });
}

/** What a policy that refuses says; waits until it is in force. */
async function refusal(request: TestRequest): Promise<TestObject> {
  const answer = await sendUntil(
    'the refusal',
    () => api.send(request),
    ({ text }) => text.includes('denied request'),
  );
  return { code: answer.code, reason: answer.json.reason, message: answer.json.message };
}

const NO_B = { validations: [{ expression: '!has(object.data) || !("b" in object.data)', message: 'no b' }] };

/** Waits until the policy of `name` refuses a `b`, by dry runs. */
async function inForce(name: string): Promise<void> {
  const body = configMap('marker', { b: '1' });
  await refusal({ method: 'POST', path: `${configMaps(name)}?dryRun=All`, body });
}

const DENIED = (name: string, message = 'no b') =>
  `is forbidden: ValidatingAdmissionPolicy '${name}' with binding '${name}' denied request: ${message}`;

test('every way to write an object is asked about, dry runs too', async (t) => {
  await setUp({ name: 'ways', spec: NO_B });
  await inForce('ways');
  const path = `${configMaps('ways')}/one`;
  const bad = configMap('one', { b: '1' });
  const merge = { 'content-type': 'application/merge-patch+json' };
  const apply = { 'content-type': 'application/apply-patch+yaml' };
  const refused = async (request: TestRequest) => {
    const { code, json } = await api.send(request);
    t.deepEqual([code, json.reason], [422, 'Invalid'], JSON.stringify(request));
    t.is(json.message, `configmaps "one" ${DENIED('ways')}`);
  };
  await refused({ method: 'POST', path: configMaps('ways'), body: bad });
  await refused({ method: 'PATCH', path: `${path}?fieldManager=m`, headers: apply, body: bad });
  t.is((await create('ways', configMap('one', { a: '1' }))).code, 201);
  await refused({ method: 'PUT', path, body: bad });
  await refused({ method: 'PUT', path: `${path}?dryRun=All`, body: bad });
  await refused({ method: 'PATCH', path, headers: merge, body: { data: { b: '1' } } });
  await refused({
    method: 'PATCH',
    path,
    headers: { 'content-type': 'application/json-patch+json' },
    body: [{ op: 'add', path: '/data/b', value: '1' }],
  });
  await refused({
    method: 'PATCH',
    path,
    headers: { 'content-type': 'application/strategic-merge-patch+json' },
    body: { data: { b: '1' } },
  });
  await refused({ method: 'PATCH', path: `${path}?fieldManager=m`, headers: apply, body: bad });
  t.deepEqual((await api.send({ path })).json.data, { a: '1' });
  t.is((await api.send({ method: 'PATCH', path, headers: merge, body: { data: { c: '1' } } })).code, 200);
});

test('deletes, of objects and of collections', async (t) => {
  await setUp({
    name: 'deletes',
    operations: ['DELETE'],
    spec: {
      validations: [
        {
          expression: "object == null && oldObject.data.keep != 'yes'",
          messageExpression: "request.operation + ' of ' + oldObject.metadata.name",
          reason: 'Forbidden',
        },
      ],
    },
  });
  await create('deletes', configMap('kept', { keep: 'yes' }));
  await create('deletes', configMap('loose', { keep: 'no' }));
  const path = configMaps('deletes');
  const kept = `configmaps "kept" ${DENIED('deletes', 'DELETE of kept')}`;
  t.deepEqual(await refusal({ method: 'DELETE', path: `${path}/kept?dryRun=All` }), {
    ...{ code: 403, reason: 'Forbidden', message: kept },
  });
  t.is((await api.send({ method: 'DELETE', path: `${path}/kept` })).code, 403);
  t.is((await api.send({ method: 'DELETE', path: `${path}?labelSelector=x=y` })).code, 200);
  const all = await api.send({ method: 'DELETE', path });
  t.deepEqual([all.code, all.json.message], [403, kept]);
  t.is((await api.send({ path: `${path}/kept` })).code, 200);
});

test('a status, also by a commit; a scale as a Scale; every version as the one that is asked for', async (t) => {
  const version = (name: string, storage: boolean) => ({
    ...{ name, served: true, storage },
    schema: {
      openAPIV3Schema: {
        type: 'object',
        properties: {
          spec: { type: 'object', properties: { replicas: { type: 'integer' } } },
          status: {
            type: 'object',
            properties: { phase: { type: 'string' }, replicas: { type: 'integer' } },
          },
        },
      },
    },
    subresources: {
      status: {},
      scale: { specReplicasPath: '.spec.replicas', statusReplicasPath: '.status.replicas' },
    },
  });
  const body = {
    apiVersion: 'apiextensions.k8s.io/v1',
    kind: 'CustomResourceDefinition',
    metadata: { name: 'widgets.policy.example.com' },
    spec: {
      ...{ group: 'policy.example.com', scope: 'Namespaced', names: { plural: 'widgets', kind: 'Widget' } },
      versions: [version('v1', true), version('v2', false)],
    },
  };
  await api.send({ method: 'POST', path: '/apis/apiextensions.k8s.io/v1/customresourcedefinitions', body });
  const base = (of: string) => `/apis/policy.example.com/${of}/namespaces/parts/widgets`;
  await setUp({
    ...{ name: 'parts', group: 'policy.example.com' },
    constraints: {
      resourceRules: [
        {
          ...resourceRule('policy.example.com', 'widgets'),
          apiVersions: ['v2'],
          resources: ['widgets/status', 'widgets/scale', 'widgets'],
        },
      ],
    },
    spec: {
      variables: [{ name: 'sub', expression: "has(request.subResource) ? request.subResource : ''" }],
      validations: [
        {
          expression: "variables.sub != 'status' || object.status.phase != 'Bad'",
          messageExpression: "'status of ' + request.requestKind.version + ' ' + object.apiVersion",
        },
        {
          expression: "variables.sub != 'scale' || object.spec.replicas < 10",
          messageExpression: "object.kind + ' ' + request.kind.group + ' ' + string(oldObject.spec.replicas)",
        },
        {
          expression: "variables.sub != '' || object.spec.replicas < 20",
          messageExpression:
            "object.apiVersion + ' ' + request.resource.version + ' ' + request.requestResource.version",
        },
      ],
    },
  });
  await waitUntil('the kind to be served', async () => (await api.send({ path: base('v1') })).code === 200);
  const widget = (replicas: number, of = 'v1') => ({
    ...{
      apiVersion: `policy.example.com/${of}`,
      kind: 'Widget',
      metadata: { name: 'w' },
      spec: { replicas },
    },
  });
  const post = (of: string) => ({ method: 'POST', path: base(of), body: widget(20, of) });
  const said = async (request: TestRequest) => (await refusal(request)).message.split('denied request: ')[1];
  t.is(await said(post('v1')), 'policy.example.com/v2 v2 v1');
  t.is(await said(post('v2')), 'policy.example.com/v2 v2 v2');
  t.is((await api.send({ ...post('v1'), body: widget(1) })).code, 201);
  const headers = { 'content-type': 'application/merge-patch+json' };
  const status = { status: { phase: 'Bad' } };
  t.is(
    await said({ method: 'PATCH', path: `${base('v1')}/w/status`, headers, body: status }),
    'status of v1 policy.example.com/v2',
  );
  const commit = {
    ...{ apiVersion: 'holt.dev/v1alpha1', kind: 'StatusCommit', metadata: {}, ...status },
    ...{ reportingComponent: 'c', reportingInstance: 'i' },
  };
  t.is(
    await said({ method: 'POST', path: `${base('v1')}/w/commit`, body: commit }),
    'status of v1 policy.example.com/v2',
  );
  const scale = { spec: { replicas: 10 } };
  t.is(
    await said({ method: 'PATCH', path: `${base('v1')}/w/scale`, headers, body: scale }),
    'Scale autoscaling 1',
  );
});

test('parameters: by name, then another value, then none; by selector; of an unknown kind', async (t) => {
  const spec = {
    paramKind: { apiVersion: 'v1', kind: 'ConfigMap' },
    validations: [
      {
        expression: 'size(object.data) <= int(params.data.max)',
        messageExpression: "'at most ' + params.data.max",
      },
    ],
  };
  const binding = { paramRef: { name: 'limits', parameterNotFoundAction: 'Deny' } };
  const constraints = { objectSelector: { matchLabels: { limited: 'yes' } } };
  await setUp({ name: 'params', spec, binding, constraints });
  const two = configMap('two', { a: '1', b: '2' }, { labels: { limited: 'yes' } });
  const send = { method: 'POST', path: `${configMaps('params')}?dryRun=All`, body: two };
  const told = (message: string) =>
    sendUntil(
      message,
      () => api.send(send),
      ({ text }) => text.includes(message),
    );
  t.is(
    (await told('no params found')).json.message,
    `configmaps "two" ${DENIED('params', 'failed to configure binding: no params found for policy binding with `Deny` parameterNotFoundAction')}`,
  );
  await create('params', configMap('limits', { max: '1' }));
  t.is((await told('at most 1')).code, 422);
  const headers = { 'content-type': 'application/merge-patch+json' };
  const path = `${configMaps('params')}/limits`;
  await api.send({ method: 'PATCH', path, headers, body: { data: { max: '2' } } });
  await sendUntil(
    'the new limit',
    () => api.send(send),
    ({ code }) => code === 201,
  );
  const bindingPath = `${ADMISSION_PATH}/validatingadmissionpolicybindings/params`;
  const paramRef = {
    selector: { matchLabels: { limit: 'yes' } },
    namespace: 'params',
    parameterNotFoundAction: 'Allow',
    name: null,
  };
  const patch = { method: 'PATCH', path: bindingPath, headers, body: { spec: { paramRef } } };
  t.is((await api.send(patch)).code, 200);
  await create('params', configMap('first', { max: '5' }, { labels: { limit: 'yes' } }));
  await create('params', configMap('second', { max: '0' }, { labels: { limit: 'yes' } }));
  t.is((await told('at most 0')).code, 422);
  await api.send({ method: 'DELETE', path: `${configMaps('params')}/first` });
  await api.send({ method: 'DELETE', path: `${configMaps('params')}/second` });
  await sendUntil(
    'no parameters to be fine',
    () => api.send(send),
    ({ code }) => code === 201,
  );
  const policyPath = `${ADMISSION_PATH}/validatingadmissionpolicies/params`;
  const paramKind = { apiVersion: 'nowhere.example.com/v1', kind: 'Limit' };
  await api.send({ method: 'PATCH', path: policyPath, headers, body: { spec: { paramKind } } });
  t.regex(
    (await told('paramKind')).json.message,
    /failed to find resource referenced by paramKind: 'nowhere\.example\.com\/v1, Kind=Limit'$/,
  );
  await api.send({ method: 'PATCH', path: policyPath, headers, body: { spec: { failurePolicy: 'Ignore' } } });
  await sendUntil(
    'the failure to be ignored',
    () => api.send(send),
    ({ code }) => code === 201,
  );
});

test('what fails is refused or let pass, as the failure policy says', async (t) => {
  const spec = { validations: [{ expression: "object.data.nothing == 'x'" }] };
  await setUp({ name: 'fails', spec });
  const request = {
    method: 'POST',
    path: `${configMaps('fails')}?dryRun=All`,
    body: configMap('x', { a: '1' }),
  };
  t.deepEqual(await refusal(request), {
    code: 422,
    reason: 'Invalid',
    message: `configmaps "x" ${DENIED('fails', "expression 'object.data.nothing == 'x'' resulted in error: No such key: nothing")}`,
  });
  await api.send({
    method: 'PATCH',
    path: `${ADMISSION_PATH}/validatingadmissionpolicies/fails`,
    headers: { 'content-type': 'application/merge-patch+json' },
    body: { spec: { failurePolicy: 'Ignore' } },
  });
  await sendUntil(
    'the failure to be ignored',
    () => api.send(request),
    ({ code }) => code === 201,
  );
  t.pass();
});

async function annotationsOf(auditId: unknown): Promise<TestObject> {
  const find = () => audited.find((event) => event.auditID === auditId && event.stage === 'ResponseComplete');
  await waitUntil('the audit event', () => find() !== undefined);
  return find()?.annotations ?? {};
}

test('Warn tells the writer, Audit the audit, and the write passes; audit annotations too', async (t) => {
  const spec = {
    ...NO_B,
    auditAnnotations: [{ key: 'keys', valueExpression: "'n: ' + string(size(object.data))" }],
  };
  await setUp({ name: 'told', spec, binding: { validationActions: ['Warn', 'Audit'] } });
  const send = () => create('told', configMap('x', { b: '1' }), '?dryRun=All');
  const answer = await sendUntil('the warning', send, ({ headers }) => headers.warning !== undefined);
  t.is(answer.code, 201);
  t.is(
    answer.headers.warning,
    `299 - "Validation failed for ValidatingAdmissionPolicy 'told' with binding 'told': no b"`,
  );
  const annotations = await annotationsOf(answer.headers['audit-id']);
  t.is(annotations['told/keys'], 'n: 1');
  t.deepEqual(JSON.parse(annotations['validation.policy.admission.k8s.io/validation_failure']), [
    {
      ...{ message: 'no b', policy: 'told', binding: 'told', expressionIndex: 0 },
      validationActions: ['Warn', 'Audit'],
    },
  ]);
  const quiet = await create('told', configMap('x', { a: '1' }), '?dryRun=All');
  t.is(quiet.headers.warning, undefined);
});

test('the authorizer answers about the writer and about service accounts', async (t) => {
  const check = "authorizer.group('').resource('secrets').namespace('auth')";
  await setUp({
    name: 'auth',
    spec: {
      validations: [
        { expression: `${check}.check('get').allowed()`, message: 'not for you' },
        {
          expression: `!authorizer.serviceAccount('auth', 'robot').requestResource.check('x').errored()`,
          message: 'errored',
        },
        { expression: "authorizer.requestResource.check('create').allowed()", message: 'not this' },
        { expression: "authorizer.path('/livez').check('get').allowed()", message: 'not there' },
      ],
    },
  });
  const rule = { verbs: ['create'], apiGroups: [''], resources: ['configmaps'] };
  const rbac = '/apis/rbac.authorization.k8s.io/v1/namespaces/auth';
  const role = {
    apiVersion: 'rbac.authorization.k8s.io/v1',
    kind: 'Role',
    metadata: { name: 'maker' },
    rules: [rule],
  };
  await api.send({ method: 'POST', path: `${rbac}/roles`, body: role });
  await api.send({
    method: 'POST',
    path: `${rbac}/rolebindings`,
    body: {
      ...{ apiVersion: 'rbac.authorization.k8s.io/v1', kind: 'RoleBinding', metadata: { name: 'maker' } },
      roleRef: { apiGroup: 'rbac.authorization.k8s.io', kind: 'Role', name: 'maker' },
      subjects: [{ kind: 'User', name: 'mallory', apiGroup: 'rbac.authorization.k8s.io' }],
    },
  });
  const request = { method: 'POST', path: `${configMaps('auth')}?dryRun=All`, body: configMap('x') };
  const answer = await refusal({ ...request, as: 'stranger' });
  t.is(answer.message, `configmaps "x" ${DENIED('auth', 'not for you')}`);
  t.is((await api.send(request)).code, 201);
});

test('the authorizer takes field selectors into account, as a node is asked about', async (t) => {
  const uservms = "authorizer.group('holt.dev').resource('uservms')";
  const on = (selector: string) => `${uservms}.fieldSelector('${selector}').check('list').allowed()`;
  await setUp({
    ...{ name: 'views', resource: 'events' },
    spec: {
      validations: [
        {
          expression: `${on('status.nodeName=node-1')} && !${on('status.nodeName=node-2')}`,
          message: 'not its own',
        },
        { expression: `!${on('!')} && !${uservms}.check('list').allowed()`, message: 'without a selector' },
        { expression: "object.reason != 'Marker'", message: 'in force' },
      ],
    },
  });
  const tell = (reason: string): TestRequest => ({
    method: 'POST',
    path: '/api/v1/namespaces/views/events?dryRun=All',
    headers: { 'impersonate-user': 'system:node:node-1', 'impersonate-group': 'system:nodes' },
    body: {
      ...{ apiVersion: 'v1', kind: 'Event', metadata: { generateName: 'x' }, reason, type: 'Normal' },
      involvedObject: { kind: 'Node', name: 'node-1' },
    },
  });
  const marked = await refusal(tell('Marker'));
  t.regex(marked.message, /in force$/);
  t.is((await api.send(tell('Told'))).code, 201);
});

test('what a token is asked for', async (t) => {
  await setUp({
    ...{ name: 'tokens', resource: 'serviceaccounts/token' },
    spec: {
      validations: [
        {
          expression: 'object.spec.expirationSeconds <= 600',
          messageExpression: "object.kind + ' ' + request.name",
        },
      ],
    },
  });
  const account = { apiVersion: 'v1', kind: 'ServiceAccount', metadata: { name: 'robot' } };
  const path = '/api/v1/namespaces/tokens/serviceaccounts';
  await api.send({ method: 'POST', path, body: account });
  const ask = (expirationSeconds: number) => ({
    method: 'POST',
    path: `${path}/robot/token`,
    body: { apiVersion: 'authentication.k8s.io/v1', kind: 'TokenRequest', spec: { expirationSeconds } },
  });
  const { message } = await refusal(ask(3600));
  t.is(message, `serviceaccounts "robot" ${DENIED('tokens', 'TokenRequest robot')}`);
  t.is((await api.send(ask(600))).code, 201);
});

test.serial('a policy that refuses everything can be taken away, and says no to itself never', async (t) => {
  const everything = { operations: ['*'], apiGroups: ['*'], apiVersions: ['*'], resources: ['*/*'] };
  const spec = {
    matchConstraints: { resourceRules: [everything] },
    validations: [{ expression: 'false', message: 'no' }],
    // The rest of the file goes on meanwhile.
    matchConditions: [{ name: 'mallory', expression: "request.userInfo.username == 'wrecker'" }],
  };
  await postPolicy(api, policyOf('everything', spec));
  await postBinding(api, bindingOf('everything', 'everything'));
  const headers = { 'impersonate-user': 'wrecker', 'impersonate-group': 'system:masters' };
  const body = { apiVersion: 'v1', kind: 'Namespace', metadata: { name: 'refused' } };
  await refusal({ method: 'POST', path: '/api/v1/namespaces', body, headers });
  const review = {
    apiVersion: 'authorization.k8s.io/v1',
    kind: 'SelfSubjectAccessReview',
    spec: { resourceAttributes: { verb: 'get', resource: 'configmaps' } },
  };
  const reviews = '/apis/authorization.k8s.io/v1/selfsubjectaccessreviews';
  t.is((await api.send({ method: 'POST', path: reviews, body: review, headers })).code, 201);
  const path = `${ADMISSION_PATH}/validatingadmissionpolicies/everything`;
  const patched = await api.send({
    method: 'PATCH',
    path,
    headers: { ...headers, 'content-type': 'application/merge-patch+json' },
    body: { metadata: { labels: { a: 'b' } } },
  });
  t.is(patched.code, 200);
  t.is((await api.send({ method: 'DELETE', path, headers })).code, 200);
  await removePolicy(api, 'everything');
  const send = () => api.send({ method: 'POST', path: '/api/v1/namespaces?dryRun=All', body, headers });
  await sendUntil('the policy to be gone', send, ({ code }) => code === 201);
});

test('who names parameters must be able to read them', async (t) => {
  const rbac = '/apis/rbac.authorization.k8s.io/v1';
  const apiGroup = 'rbac.authorization.k8s.io';
  const rule = { verbs: ['*'], apiGroups: ['admissionregistration.k8s.io'], resources: ['*'] };
  const role = {
    apiVersion: `${apiGroup}/v1`,
    kind: 'ClusterRole',
    metadata: { name: 'policies' },
    rules: [rule],
  };
  await api.send({ method: 'POST', path: `${rbac}/clusterroles`, body: role });
  await api.send({
    method: 'POST',
    path: `${rbac}/clusterrolebindings`,
    body: {
      ...{ apiVersion: `${apiGroup}/v1`, kind: 'ClusterRoleBinding', metadata: { name: 'policies' } },
      roleRef: { apiGroup, kind: 'ClusterRole', name: 'policies' },
      subjects: [{ kind: 'User', name: 'polly', apiGroup }],
    },
  });
  const headers = { 'impersonate-user': 'polly' };
  const policy = policyOf('polly', {
    paramKind: { apiVersion: 'v1', kind: 'Secret' },
    matchConstraints: { resourceRules: [resourceRule('', 'configmaps')] },
    validations: [{ expression: 'true' }],
  });
  const post = (plural: string, body: TestObject) =>
    api.send({ method: 'POST', path: `${ADMISSION_PATH}/${plural}`, body, headers });
  const refused = await sendUntil(
    'the right to make policies',
    () => post('validatingadmissionpolicies', policy),
    ({ code }) => code !== 403,
  );
  t.is(refused.code, 422);
  t.is(
    refused.json.message,
    'ValidatingAdmissionPolicy.admissionregistration.k8s.io "polly" is invalid: spec.paramKind: Forbidden: user "polly" must have "get" permission on all objects of the referenced paramKind (kind=Secret, apiVersion=v1)',
  );
  await postPolicy(api, policy);
  const binding = bindingOf('polly', 'polly', {
    paramRef: { name: 's', namespace: 'default', parameterNotFoundAction: 'Allow' },
  });
  const bound = await sendUntil(
    'the policy to be known',
    () => post('validatingadmissionpolicybindings', binding),
    ({ text }) => !text.includes('unable to get policy'),
  );
  t.is(
    bound.json.details.causes[0].message,
    'Forbidden: user "polly" does not have "get" permission on the object referenced by paramRef',
  );
  const { paramKind: _, ...plain } = policy.spec;
  t.is((await post('validatingadmissionpolicies', policyOf('plain', plain))).code, 201);
});

/** The causes that a wrong object is refused with. */
async function causes(t: ExecutionContext, object: TestObject): Promise<string[]> {
  const answer = object.kind.endsWith('Binding')
    ? await postBinding(api, object)
    : await postPolicy(api, object);
  t.is(answer.code, 422);
  return answer.json.details.causes.map(({ field, message }: TestObject) => `${field}: ${message}`);
}

test('what is wrong with a policy or a binding is told by its field', async (t) => {
  t.deepEqual(await causes(t, policyOf('empty', {})), [
    'spec.matchConstraints: Required value',
    'spec.validations: Required value: validations or auditAnnotations must contain at least one item',
    'spec.auditAnnotations: Required value: validations or auditAnnotations must contain at least one item',
  ]);
  const wrong = policyOf('wrong', {
    failurePolicy: 'Maybe',
    matchConstraints: {
      resourceRules: [{ operations: ['READ'], apiGroups: ['*', 'a'], resources: ['*', 'a'] }],
    },
    variables: [{ name: 'in', expression: '1' }],
    validations: [{ expression: 'object.a >', message: 'a\nb', reason: 'Gone' }, { expression: "'text'" }],
    matchConditions: [{ name: 'a', expression: 'variables.x == 1' }],
    auditAnnotations: [{ key: 'k', valueExpression: ' ' }],
  });
  t.deepEqual(await causes(t, wrong), [
    'spec.failurePolicy: Unsupported value: "Maybe": supported values: "Fail", "Ignore"',
    'spec.matchConstraints.resourceRules[0].operations[0]: Unsupported value: "READ": supported values: "*", "CONNECT", "CREATE", "DELETE", "UPDATE"',
    'spec.matchConstraints.resourceRules[0].apiGroups: Invalid value: ["*","a"]: if \'*\' is present, must not specify other API groups',
    'spec.matchConstraints.resourceRules[0].apiVersions: Required value',
    'spec.matchConstraints.resourceRules[0].resources: Invalid value: ["*","a"]: if \'*\' is present, must not specify other resources without subresources',
    'spec.variables[0].name: Invalid value: "in": name is not a valid CEL identifier',
    'spec.validations[0].message: Invalid value: "a\\nb": message must not contain line breaks',
    'spec.validations[0].reason: Unsupported value: "Gone": supported values: "Forbidden", "Invalid", "RequestEntityTooLarge"',
    'spec.auditAnnotations[0].valueExpression: Required value: valueExpression is not specified',
    "spec.matchConditions[0].expression: Invalid value: \"variables.x == 1\": compilation failed: ERROR: <input>:1:1: undeclared reference to 'variables' (in container '')\n | variables.x == 1\n | ^",
    'spec.validations[0].expression: Invalid value: "object.a >": compilation failed: ERROR: <input>:1:11: Syntax error: Unexpected token: EOF\n | object.a >\n | ..........^',
    'spec.validations[1].expression: Invalid value: "\'text\'": must evaluate to bool but got string',
  ]);
  t.deepEqual(
    await causes(
      t,
      bindingOf('wrong', '', {
        validationActions: ['Deny', 'Warn', 'Shout'],
        paramRef: { name: 'a', selector: {} },
      }),
    ),
    [
      'spec.policyName: Required value',
      'spec.paramRef.name: Forbidden: name and selector are mutually exclusive',
      'spec.paramRef.selector: Forbidden: name and selector are mutually exclusive',
      'spec.paramRef.parameterNotFoundAction: Required value',
      'spec.validationActions[2]: Unsupported value: "Shout": supported values: "Audit", "Deny", "Warn"',
      'spec.validationActions: Invalid value: ["Deny","Warn","Shout"]: must not contain both Deny and Warn (repeating the same validation failure information in the API response and headers serves no purpose)',
    ],
  );
});

const MANIFEST = `apiVersion: admissionregistration.k8s.io/v1
kind: ValidatingAdmissionPolicy
metadata: {name: demo-policy.example.com}
spec:
  matchConstraints:
    resourceRules:
    - {apiGroups: [""], apiVersions: [v1], operations: [CREATE, UPDATE], resources: [configmaps]}
    namespaceSelector: {matchLabels: {kubernetes.io/metadata.name: demo}}
  validations:
  - expression: "size(object.data) <= 1"
---
apiVersion: admissionregistration.k8s.io/v1
kind: ValidatingAdmissionPolicyBinding
metadata: {name: demo-binding-test.example.com}
spec: {policyName: demo-policy.example.com, validationActions: [Deny]}
`;

test('kubectl: apply, get, describe; what a refused apply prints', async (t) => {
  const kubectl = (...args: string[]) =>
    runCommand(['kubectl', ...args], {
      env: { ...process.env, KUBECONFIG: api.kubeconfig, HOME: api.dir },
      timeoutMs: 60_000,
    });
  const file = join(api.dir, 'policy.yaml');
  await writeFile(file, MANIFEST);
  await kubectl('create', 'namespace', 'demo');
  t.is(
    (await kubectl('apply', '-f', file)).stdout,
    'validatingadmissionpolicy.admissionregistration.k8s.io/demo-policy.example.com created\nvalidatingadmissionpolicybinding.admissionregistration.k8s.io/demo-binding-test.example.com created\n',
  );
  t.regex((await kubectl('diff', '-f', file)).stdout, /^$/);
  t.regex(
    (await kubectl('get', 'validatingadmissionpolicies', 'demo-policy.example.com')).stdout,
    /^NAME +VALIDATIONS +PARAMKIND +AGE\ndemo-policy\.example\.com +1 +<unset> +\S+\n$/,
  );
  t.regex(
    (await kubectl('get', 'validatingadmissionpolicybindings', 'demo-binding-test.example.com')).stdout,
    /^NAME +POLICYNAME +PARAMREF +AGE\ndemo-binding-test\.example\.com +demo-policy\.example\.com +<unset> +\S+\n$/,
  );
  await refusal({
    method: 'POST',
    path: `${configMaps('demo')}?dryRun=All`,
    body: configMap('x', { a: '1', b: '2' }),
  });
  const args = ['create', 'configmap', 'x', '-n', 'demo', '--from-literal=a=1', '--from-literal=b=2'];
  const refused = await kubectl(...args);
  const denied =
    "ValidatingAdmissionPolicy 'demo-policy.example.com' with binding 'demo-binding-test.example.com' denied request: failed expression: size(object.data) <= 1";
  t.is(refused.exitCode, 1);
  t.is(refused.stderr, `error: failed to create configmap: configmaps "x" is forbidden: ${denied}\n`);
  const applied = join(api.dir, 'config.yaml');
  await writeFile(applied, JSON.stringify(configMap('x', { a: '1', b: '2' }, { namespace: 'demo' })));
  t.is((await kubectl('apply', '-f', applied)).stderr, `The configmaps "x" is invalid: : ${denied}\n`);
  t.is(
    (await kubectl('apply', '--server-side', '--dry-run=server', '-f', applied)).stderr,
    `The configmaps "x" is invalid: : ${denied}\n`,
  );
  const explained = await kubectl('explain', 'validatingadmissionpolicy.spec.validations');
  t.regex(explained.stdout, /GROUP: +admissionregistration\.k8s\.io\nKIND: +ValidatingAdmissionPolicy/);
});
