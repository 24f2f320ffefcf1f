import test from 'ava';
import { startTestApi, type TestApi, type TestResponse, type TestWatch } from '../../../testing/test-api.ts';
import { waitUntil } from '../../../testing/wait-until.ts';

let api: TestApi;

const HOLT = '/apis/holt.dev/v1alpha1';
const HERE = `${HOLT}/namespaces/default`;
const REVIEWS = '/apis/authorization.k8s.io/v1/subjectaccessreviews';
const KINDS = ['uservms', 'sandboxcontainers'] as const;
const [A, B] = ['node-a', 'node-b'];

test.before(async () => {
  api = await startTestApi();
});

test.after.always(() => api?.dispose());

async function asAdmin(method: string, path: string, body: unknown): Promise<TestResponse> {
  const headers = method === 'PATCH' ? { 'content-type': 'application/merge-patch+json' } : {};
  const answer = await api.send({ method, path, body, headers });
  if (answer.code >= 300) throw new Error(`${method} ${path}: ${answer.text}`);
  return answer;
}

function identity(node: string) {
  return { 'impersonate-user': `system:node:${node}`, 'impersonate-group': 'system:nodes' };
}

function as(node: string, path: string): Promise<TestResponse> {
  return api.send({ path, headers: identity(node) });
}

function selecting(node: string): string {
  return `fieldSelector=status.nodeName%3D${node}`;
}

/** A UserVM and its container on a node, as placement and container binding leave them. */
async function place(name: string, nodeName: string): Promise<void> {
  for (const plural of KINDS)
    await asAdmin('PATCH', `${HERE}/${plural}/${name}/status`, { status: { nodeName } });
}

async function make(name: string, nodeName: string): Promise<void> {
  const about = { apiVersion: 'holt.dev/v1alpha1', metadata: { name } };
  await asAdmin('POST', `${HERE}/uservms`, { ...about, kind: 'UserVM', spec: { user: name } });
  const source = { image: 'example.com/web:1' };
  await asAdmin('POST', `${HERE}/sandboxcontainers`, {
    ...about,
    kind: 'SandboxContainer',
    spec: { vmRef: { name }, role: 'live', source },
  });
  await place(name, nodeName);
}

function namesOf({ json }: TestResponse): string[] {
  return json.items.map((item: { metadata: { name: string } }) => item.metadata.name).sort();
}

test('a node lists and watches what its own selector picks, and nothing without it or with another', async (t) => {
  await make('a1', A);
  await make('b1', B);
  for (const plural of KINDS) {
    for (const root of [HOLT, HERE]) {
      const mine = await as(A, `${root}/${plural}?${selecting(A)}`);
      t.is(mine.code, 200, mine.text);
      t.true(namesOf(mine).includes('a1'));
      t.false(namesOf(mine).includes('b1'));
      for (const query of [
        '',
        selecting(B),
        'fieldSelector=status.nodeName!%3Dnode-b',
        'fieldSelector=metadata.name%3Da1',
        'fieldSelector=status.phase%3DPending',
        'labelSelector=status.nodeName%3Dnode-a',
        'fieldSelector=broken',
        `${selecting(B)}&${selecting(A)}`,
      ]) {
        for (const watch of ['', '&watch=true']) {
          const refused = await as(A, `${root}/${plural}?${query}${watch}`);
          t.is(refused.code, 403, `${query}${watch}: ${refused.text}`);
          t.regex(refused.json.message, /can only list\/watch \w+ with status\.nodeName field selector/);
        }
      }
    }
    const narrower = await as(A, `${HERE}/${plural}?${selecting(A)},metadata.name%3Db1`);
    t.deepEqual([narrower.code, namesOf(narrower)], [200, []]);
    t.is((await as(A, `${HERE}/${plural}/b1`)).code, 403);
    t.is((await as(A, `${HERE}/${plural}/nobody`)).code, 403);
  }
});

test('a continued list asks for the selector too', async (t) => {
  await make('a2', A);
  await make('a3', A);
  const first = await as(A, `${HERE}/uservms?limit=1&${selecting(A)}`);
  const token = encodeURIComponent(first.json.metadata.continue);
  t.is((await as(A, `${HERE}/uservms?limit=1&continue=${token}`)).code, 403);
  t.is((await as(A, `${HERE}/uservms?limit=1&continue=${token}&${selecting(A)}`)).code, 200);
});

async function seen(watch: TestWatch, type: string, name: string): Promise<void> {
  await waitUntil(`${type} ${name}`, () =>
    watch.events.some((event) => event.type === type && event.object.metadata.name === name),
  );
}

test('what is placed anew leaves the one node and comes to the other, rights and views', async (t) => {
  await make('mover', A);
  const open = (node: string) =>
    KINDS.map((plural) => api.watch(`${HOLT}/${plural}?watch=true&${selecting(node)}`, identity(node)));
  const [here, there] = [open(A), open(B)];
  t.teardown(() => {
    for (const watch of [...here, ...there]) watch.close();
  });
  for (const watch of here) await seen(watch, 'ADDED', 'mover');
  await place('mover', B);
  for (const watch of here) await seen(watch, 'DELETED', 'mover');
  for (const watch of there) await seen(watch, 'ADDED', 'mover');
  for (const plural of KINDS) {
    t.is((await as(A, `${HERE}/${plural}/mover`)).code, 403);
    t.is((await as(B, `${HERE}/${plural}/mover`)).code, 200);
    t.false(namesOf(await as(A, `${HERE}/${plural}?${selecting(A)}`)).includes('mover'));
    for (const [node, code] of [
      [A, 403],
      [B, 200],
    ] as const) {
      const written = await api.send({
        method: 'PATCH',
        path: `${HERE}/${plural}/mover`,
        headers: { ...identity(node), 'content-type': 'application/merge-patch+json' },
        body: { metadata: { finalizers: ['holt.dev/test'] } },
      });
      t.is(written.code, code, written.text);
    }
  }
});

async function review(resourceAttributes: object): Promise<TestResponse> {
  return api.send({
    method: 'POST',
    path: REVIEWS,
    body: {
      apiVersion: 'authorization.k8s.io/v1',
      kind: 'SubjectAccessReview',
      spec: {
        user: `system:node:${A}`,
        groups: ['system:nodes'],
        resourceAttributes: { verb: 'list', group: 'holt.dev', resource: 'uservms', ...resourceAttributes },
      },
    },
  });
}

test('access reviews decide by selectors, raw and as requirements', async (t) => {
  const own = { key: 'status.nodeName', operator: 'In', values: [A] };
  const allowed = async (fieldSelector: object) => (await review({ fieldSelector })).json.status.allowed;
  t.true(await allowed({ rawSelector: `status.nodeName=${A}` }));
  t.false(await allowed({ rawSelector: `status.nodeName=${B}` }));
  t.true(await allowed({ requirements: [own] }));
  t.false(await allowed({ requirements: [{ ...own, operator: 'NotIn' }] }));
  t.false((await review({})).json.status.allowed);
  t.true(
    (await review({ fieldSelector: { requirements: [own] }, labelSelector: { rawSelector: 'a=b' } })).json
      .status.allowed,
  );
});

test('what of a selector cannot be read is left out and told; one in both forms or in none is refused', async (t) => {
  const own = { key: 'status.nodeName', operator: 'In', values: [A] };
  const status = async (attributes: object) => (await review(attributes)).json.status;
  const path = 'spec.resourceAttributes';
  const partly = await status({ fieldSelector: { requirements: [own, { key: 'a', operator: 'Exists' }] } });
  t.deepEqual(
    [partly.allowed, partly.evaluationError],
    [true, `${path}.fieldSelector partially ignored due to parse error`],
  );
  const several = { requirements: [{ ...own, values: [A, B] }] };
  t.like(await status({ fieldSelector: several }), {
    allowed: false,
    evaluationError: `${path}.fieldSelector ignored due to parse error`,
  });
  t.like(await status({ fieldSelector: { rawSelector: '!' }, labelSelector: { rawSelector: 'a in (' } }), {
    allowed: false,
    evaluationError: `${path}.fieldSelector ignored due to parse error; ${path}.labelSelector ignored due to parse error`,
  });
  const both = await review({ fieldSelector: { rawSelector: 'a=b', requirements: [own] } });
  t.is(both.code, 422);
  t.regex(
    both.json.message,
    /fieldSelector\.rawSelector: Invalid value: "a=b": may not specified at the same time/,
  );
  const none = await review({ labelSelector: {} });
  t.is(none.code, 422);
  t.regex(none.json.message, /labelSelector\.requirements: Required value/);
});

test('a requirement of a selector that cannot be meant is refused', async (t) => {
  const key = 'status.nodeName';
  const wanted = "Required value: must be specified when `operator` is 'In' or 'NotIn'";
  const unwanted = "Forbidden: may not be specified when `operator` is 'Exists' or 'DoesNotExist'";
  const faults: [string, object, string, string, string][] = [
    [
      'fieldSelector',
      { operator: 'In', values: [A] },
      'key',
      'FieldValueRequired',
      'Required value: must be specified',
    ],
    ['fieldSelector', { key: '' }, 'key', 'FieldValueRequired', 'Required value: must be specified'],
    ['fieldSelector', { key, operator: 'In' }, 'values', 'FieldValueRequired', wanted],
    ['fieldSelector', { key, operator: 'NotIn', values: [] }, 'values', 'FieldValueRequired', wanted],
    ['fieldSelector', { key, operator: 'Exists', values: [A] }, 'values', 'FieldValueForbidden', unwanted],
    ['labelSelector', {}, 'key', 'FieldValueInvalid', 'Invalid value: "": name part must be non-empty'],
    ['labelSelector', { key, operator: 'In' }, 'values', 'FieldValueRequired', wanted],
    [
      'labelSelector',
      { key, operator: 'DoesNotExist', values: [A] },
      'values',
      'FieldValueForbidden',
      unwanted,
    ],
  ];
  for (const [selector, requirement, part, reason, message] of faults) {
    const known = { key: 'a', operator: 'Exists' };
    const { code, json } = await review({ [selector]: { requirements: [known, requirement] } });
    const field = `spec.resourceAttributes.${selector}.requirements[1].${part}`;
    t.is(code, 422, field);
    t.is(json.message, `SubjectAccessReview.authorization.k8s.io "" is invalid: ${field}: ${message}`);
    t.deepEqual(json.details.causes, [{ reason, message, field }]);
  }
  const unknown = await review({ fieldSelector: { requirements: [{ key, operator: 'Near', values: [A] }] } });
  t.is(unknown.code, 201);
});
