import { execFile } from 'node:child_process';
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { promisify } from 'node:util';
import test from 'ava';
import { systemClock } from '../../lib/clock.ts';
import { KIND_SEEDS } from '../testing/fuzz/kind-seeds.ts';
import { FUZZ_NAMESPACE } from '../testing/fuzz/seeds.ts';
import { startTestApi, type TestApi, type TestObject } from '../testing/test-api.ts';
import { waitUntil } from '../testing/wait-until.ts';

const run = promisify(execFile);
const HOUR_MS = 3_600_000;
const VMS = '/apis/holt.dev/v1alpha1/namespaces/default/uservms';
const CRDS = '/apis/apiextensions.k8s.io/v1/customresourcedefinitions';
const GADGETS = '/apis/no-op.example/v1/namespaces/default/gadgets';
const APPLY = { 'content-type': 'application/apply-patch+yaml' };
const MERGE = { 'content-type': 'application/merge-patch+json' };
const JSON_PATCH = { 'content-type': 'application/json-patch+json' };

let api: TestApi;
let aheadMs = 0;

test.before(async () => {
  const clock = { ...systemClock, nowMs: () => systemClock.nowMs() + aheadMs };
  api = await startTestApi({ server: { clock } });
});

test.after.always(() => api?.dispose());

function vm(name: string, spec: TestObject = {}, metadata: TestObject = {}): TestObject {
  return {
    apiVersion: 'holt.dev/v1alpha1',
    kind: 'UserVM',
    metadata: { name, ...metadata },
    spec: { user: name, ...spec },
  };
}

function gadget(name: string, spec: TestObject): TestObject {
  return { apiVersion: 'no-op.example/v1', kind: 'Gadget', metadata: { name }, spec };
}

/** Sends what changes nothing an hour later: the object stays, to the last byte. */
async function stays(
  t: { deepEqual: (a: unknown, b: unknown, message?: string) => void },
  path: string,
  what: string,
  write: () => Promise<{ code: number; text: string }>,
): Promise<void> {
  const before = (await api.send({ path })).json;
  aheadMs += HOUR_MS;
  const answer = await write();
  t.deepEqual(answer.code, 200, `${what}: ${answer.text}`);
  t.deepEqual((await api.send({ path })).json, before, what);
}

function noOps(path: string, body: TestObject) {
  const as = (manager: string) => `${path}?fieldManager=${manager}`;
  const put = (object: TestObject) => api.send({ method: 'PUT', path: as('one'), body: object });
  return {
    'apply again': () => api.send({ method: 'PATCH', path: as('one'), headers: APPLY, body }),
    'apply again with force': () =>
      api.send({ method: 'PATCH', path: `${as('one')}&force=true`, headers: APPLY, body }),
    'put what was read': async () => put((await api.send({ path })).json),
    'put without managedFields': async () => {
      const { json } = await api.send({ path });
      const { managedFields: _, ...metadata } = json.metadata;
      return put({ ...json, metadata });
    },
    'put with other times in managedFields': async () => {
      const { json } = await api.send({ path });
      for (const entry of json.metadata.managedFields) entry.time = '2001-01-01T00:00:00Z';
      return put(json);
    },
    'put what was sent first': async () => {
      const { resourceVersion } = (await api.send({ path })).json.metadata;
      return put({ ...body, metadata: { ...body.metadata, resourceVersion } });
    },
    'put of the status': async () =>
      api.send({
        method: 'PUT',
        path: `${path}/status?fieldManager=two`,
        body: (await api.send({ path })).json,
      }),
    'merge patch of the same values': () =>
      api.send({ method: 'PATCH', path: as('three'), headers: MERGE, body: { spec: body.spec } }),
    'empty merge patch': () => api.send({ method: 'PATCH', path: as('three'), headers: MERGE, body: {} }),
    'JSON patch of the same values': () =>
      api.send({
        method: 'PATCH',
        path: as('three'),
        headers: JSON_PATCH,
        body: [{ op: 'replace', path: '/spec', value: body.spec }],
      }),
  };
}

const EVERY_KIND = [
  'apply again',
  'put what was read',
  'put without managedFields',
  'put with other times in managedFields',
  'put what was sent first',
  'empty merge patch',
] as const;

async function check(t: Parameters<typeof stays>[0], path: string, body: TestObject) {
  const noOp = noOps(path, body);
  for (const [what, write] of Object.entries(noOp)) await stays(t, path, `${body.kind}: ${what}`, write);
}

test('a write that changes nothing leaves the object and its times as they are', async (t) => {
  const crd = {
    apiVersion: 'apiextensions.k8s.io/v1',
    kind: 'CustomResourceDefinition',
    metadata: { name: 'gadgets.no-op.example' },
    spec: {
      group: 'no-op.example',
      names: { plural: 'gadgets', kind: 'Gadget' },
      scope: 'Namespaced',
      versions: [
        {
          name: 'v1',
          served: true,
          storage: true,
          subresources: { status: {} },
          schema: {
            openAPIV3Schema: {
              type: 'object',
              properties: {
                spec: {
                  type: 'object',
                  properties: {
                    size: { type: 'integer', default: 3 },
                    tags: { type: 'array', items: { type: 'string' }, 'x-kubernetes-list-type': 'set' },
                  },
                },
                status: { type: 'object', 'x-kubernetes-preserve-unknown-fields': true },
              },
            },
          },
        },
      ],
    },
  };
  await api.send({ method: 'POST', path: CRDS, body: crd });
  await waitUntil('the kind to be served', async () => (await api.send({ path: GADGETS })).code === 200);
  const cases: [string, TestObject][] = [
    [VMS, vm('same', { cpus: 2 }, { labels: { a: 'b' } })],
    [GADGETS, gadget('same', { tags: ['a', 'b'] })],
  ];
  for (const [list, body] of cases) {
    const path = `${list}/${body.metadata.name}`;
    const made = await api.send({ method: 'PATCH', path: `${path}?fieldManager=one`, headers: APPLY, body });
    t.is(made.code, 201, made.text);
    await check(t, path, body);
  }
});

test('of every kind: applied again, replaced by what was read or sent, patched with nothing', async (t) => {
  const namespace = { apiVersion: 'v1', kind: 'Namespace', metadata: { name: FUZZ_NAMESPACE } };
  await api.send({ method: 'POST', path: '/api/v1/namespaces', body: namespace });
  for (const { path: list, object } of KIND_SEEDS) {
    // The rules of an aggregated role are the server's.
    const { aggregationRule: _, ...body }: TestObject = object;
    // What has no name is never stored.
    if (body.metadata === undefined) continue;
    const path = `${list}/${body.metadata.name}`;
    const made = await api.send({ method: 'PATCH', path: `${path}?fieldManager=one`, headers: APPLY, body });
    t.is(made.code, 201, made.text);
    if (body.kind === 'CustomResourceDefinition') {
      await waitUntil('the kind to be established', async () =>
        (await api.send({ path })).json.status?.conditions?.some(
          ({ type, status }: TestObject) => type === 'Established' && status === 'True',
        ),
      );
    }
    const noOp = noOps(path, body);
    for (const what of EVERY_KIND) await stays(t, path, `${body.kind}: ${what}`, noOp[what]);
  }
});

test('kubectl apply, on either side, writes nothing the second time', async (t) => {
  const kubectl = (...words: string[]) =>
    run('kubectl', words, { env: { ...process.env, KUBECONFIG: api.kubeconfig } });
  const file = join(api.dir, 'vm.json');
  for (const [name, ...flags] of [['client-side'], ['server-side', '--server-side']]) {
    await writeFile(file, JSON.stringify(vm(name ?? '', { cpus: 2 })));
    await kubectl('apply', ...flags, '-f', file);
    await stays(t, `${VMS}/${name}`, `kubectl apply ${flags.join(' ')}`, async () => {
      const { stdout } = await kubectl('apply', ...flags, '-f', file);
      return { code: 200, text: stdout };
    });
  }
});
