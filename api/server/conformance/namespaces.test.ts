import test from 'ava';
import { Etcd3Kv } from '../../storage/etcd/etcd-kv.ts';
import { startTestApi, type TestApi } from '../../testing/test-api.ts';

/** Each test is named after the upstream conformance test whose behaviour it holds. */
let api: TestApi;

test.before(async () => {
  api = await startTestApi();
});

test.after.always(() => api?.dispose());

const NAMESPACES = '/api/v1/namespaces';
const MERGE = { 'content-type': 'application/merge-patch+json' };
const STRATEGIC = { 'content-type': 'application/strategic-merge-patch+json' };

async function createNamespace(name: string) {
  const body = { apiVersion: 'v1', kind: 'Namespace', metadata: { name } };
  return (await api.send({ method: 'POST', path: NAMESPACES, body })).json;
}

test('[sig-api-machinery] Namespaces [Serial] should patch a Namespace [Conformance]', async (t) => {
  await createNamespace('nspatch');
  const body = { metadata: { labels: { testLabel: 'testValue' } } };
  const patched = await api.send({
    method: 'PATCH',
    path: `${NAMESPACES}/nspatch`,
    body,
    headers: STRATEGIC,
  });
  t.is(patched.code, 200);
  const { json } = await api.send({ path: `${NAMESPACES}/nspatch` });
  t.is(json.metadata.labels.testLabel, 'testValue');
});

test('[sig-api-machinery] Namespaces [Serial] should apply an update to a Namespace [Conformance]', async (t) => {
  const created = await createNamespace('nsupdate');
  created.metadata.labels = { ...created.metadata.labels, nsupdate: 'updated' };
  const updated = await api.send({ method: 'PUT', path: `${NAMESPACES}/nsupdate`, body: created });
  t.is(updated.code, 200);
  t.is(updated.json.metadata.labels.nsupdate, 'updated');
});

test('[sig-api-machinery] Namespaces [Serial] should apply changes to a namespace status [Conformance]', async (t) => {
  await createNamespace('nsstatus');
  const path = `${NAMESPACES}/nsstatus/status`;
  const condition = (type: string) => ({ type, status: 'True', reason: 'E2E', message: 'by a patch' });
  const patch = {
    metadata: { annotations: { patchedstatus: 'true' } },
    status: { conditions: [condition('StatusPatch')] },
  };
  const patched = await api.send({ method: 'PATCH', path, body: patch, headers: MERGE });
  t.is(patched.code, 200);
  t.is(patched.json.metadata.annotations.patchedstatus, 'true');
  t.is(patched.json.status.conditions[0].type, 'StatusPatch');
  t.is(patched.json.status.phase, 'Active');
  const read = (await api.send({ path })).json;
  read.status.conditions.push(condition('StatusUpdate'));
  const updated = await api.send({ method: 'PUT', path, body: read });
  t.is(updated.code, 200);
  t.true(updated.json.status.conditions.some((one: { type: string }) => one.type === 'StatusUpdate'));
});

test('[sig-api-machinery] Namespaces [Serial] should apply a finalizer to a Namespace [Conformance]', async (t) => {
  const created = await createNamespace('nsfinalize');
  const FAKE = 'e2e.example.com/fakeFinalizer';
  const finalize = async (finalizers: string[]) => {
    const { json } = await api.send({ path: `${NAMESPACES}/nsfinalize` });
    json.spec.finalizers = finalizers;
    return api.send({ method: 'PUT', path: `${NAMESPACES}/nsfinalize/finalize`, body: json });
  };
  const added = await finalize([...(created.spec.finalizers as string[]), FAKE]);
  t.is(added.code, 200);
  t.true(added.json.spec.finalizers.includes(FAKE));
  const removed = await finalize(created.spec.finalizers);
  t.false(removed.json.spec.finalizers.includes(FAKE));
});

test('[sig-api-machinery] Servers with support for API chunking should return chunks of results for list calls', async (t) => {
  const path = `${NAMESPACES}/kube-public/configmaps`;
  const names = Array.from({ length: 40 }, (_, index) => `template-${String(index).padStart(4, '0')}`);
  for (const name of names) {
    await api.send({
      method: 'POST',
      path,
      body: { apiVersion: 'v1', kind: 'ConfigMap', metadata: { name } },
    });
  }
  const found: string[] = [];
  let token = '';
  let revision: string | undefined;
  do {
    const { json } = await api.send({ path: `${path}?limit=7&continue=${encodeURIComponent(token)}` });
    found.push(...json.items.map((item: { metadata: { name: string } }) => item.metadata.name));
    revision ??= json.metadata.resourceVersion;
    t.is(json.metadata.resourceVersion, revision, 'all chunks are of one revision');
    token = json.metadata.continue ?? '';
    if (token !== '') t.is(json.metadata.remainingItemCount, names.length - found.length);
  } while (token !== '');
  t.deepEqual(found, names);
  const whole = await api.send({ path });
  t.is(whole.json.items.length, names.length);
});

test('[sig-api-machinery] Servers with support for API chunking should support continue listing from the last key if the original version has been compacted away, though the list is inconsistent [Slow]', async (t) => {
  const path = '/apis/coordination.k8s.io/v1/namespaces/kube-public/leases';
  const create = (name: string) =>
    api.send({
      method: 'POST',
      path,
      body: { apiVersion: 'coordination.k8s.io/v1', kind: 'Lease', metadata: { name }, spec: {} },
    });
  const list = async (limit: number, token: string) =>
    await api.send({ path: `${path}?limit=${limit}&continue=${encodeURIComponent(token)}` });
  const namesOf = (items: { metadata: { name: string } }[]) => items.map(({ metadata }) => metadata.name);
  const names = Array.from({ length: 20 }, (_, index) => `template-${String(index).padStart(4, '0')}`);
  for (const name of names) await create(name);
  const first = (await list(4, '')).json;
  t.deepEqual(namesOf(first.items), names.slice(0, 4));
  await create('template-9999');
  const kv = new Etcd3Kv(api.etcd.connection);
  await kv.compact((await kv.range({ key: 'x' })).revision);
  kv.close();
  const gone = await list(4, first.metadata.continue);
  t.is(gone.code, 410);
  t.is(gone.json.reason, 'Expired');
  t.regex(gone.json.message, /continue token/);
  const token = gone.json.metadata.continue;
  t.not(token, first.metadata.continue);
  const second = (await list(4, token)).json;
  t.deepEqual(namesOf(second.items), names.slice(4, 8), 'it goes on after the last key');
  t.not(second.metadata.resourceVersion, first.metadata.resourceVersion, 'at another revision');
  const rest = (await list(500, second.metadata.continue)).json;
  t.is(rest.metadata.resourceVersion, second.metadata.resourceVersion, 'and stays at that one');
  t.deepEqual(namesOf(rest.items), [...names.slice(8), 'template-9999']);
});
