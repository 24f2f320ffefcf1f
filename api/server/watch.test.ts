import test from 'ava';
import { Etcd3Kv } from '../storage/etcd/etcd-kv.ts';
import { startTestApi, type TestApi, type TestObject, type TestWatch } from '../testing/test-api.ts';
import { waitUntil } from '../testing/wait-until.ts';

let api: TestApi;

test.before(async () => {
  api = await startTestApi();
});

test.after.always(() => api?.dispose());

const LEASES = '/apis/coordination.k8s.io/v1/namespaces/default/leases';

function lease(name: string, labels: Record<string, string> = {}): TestObject {
  return { apiVersion: 'coordination.k8s.io/v1', kind: 'Lease', metadata: { name, labels }, spec: {} };
}

async function create(name: string, labels?: Record<string, string>): Promise<string> {
  const { json } = await api.send({ method: 'POST', path: LEASES, body: lease(name, labels) });
  return json.metadata.resourceVersion;
}

const label = (name: string, labels: Record<string, string | null>) =>
  api.send({
    method: 'PATCH',
    path: `${LEASES}/${name}`,
    body: { metadata: { labels } },
    headers: { 'content-type': 'application/merge-patch+json' },
  });

const summary = (watch: TestWatch) =>
  watch.events.map(({ type, object }) => `${type} ${object.metadata.name}`);

test.serial('a watch from a revision sees every later change, in order', async (t) => {
  const from = await create('first');
  const watch = api.watch(`${LEASES}?watch=true&resourceVersion=${from}`);
  t.teardown(watch.close);
  await create('second');
  await label('second', { a: 'b' });
  await api.send({ method: 'DELETE', path: `${LEASES}/second` });
  await waitUntil('three events', () => watch.events.length === 3);
  t.deepEqual(summary(watch), ['ADDED second', 'MODIFIED second', 'DELETED second']);
  const revisions = watch.events.map(({ object }) => Number(object.metadata.resourceVersion));
  t.deepEqual(
    revisions,
    revisions.toSorted((a, b) => a - b),
  );
  t.true(new Set(revisions).size === 3, 'a deletion has a revision of its own');
});

test.serial(
  'an object that leaves a selection is DELETED for its watcher, one that enters ADDED',
  async (t) => {
    const from = await create('chosen', { team: 'a' });
    const watch = api.watch(`${LEASES}?watch=1&labelSelector=team%3Da&resourceVersion=${from}`);
    t.teardown(watch.close);
    await label('chosen', { team: 'b' });
    await label('chosen', { other: 'x' });
    await label('chosen', { team: 'a' });
    await label('chosen', { other: 'y' });
    await waitUntil('three events', () => watch.events.length === 3);
    t.deepEqual(summary(watch), ['DELETED chosen', 'ADDED chosen', 'MODIFIED chosen']);
    t.is(watch.events[0].object.metadata.labels.team, 'a', 'as it was when it last matched');
  },
);

test.serial('a watch without a revision begins with what there is', async (t) => {
  await create('present');
  for (const query of ['', '&resourceVersion=0']) {
    const watch = api.watch(`${LEASES}?watch=true&fieldSelector=metadata.name%3Dpresent${query}`);
    t.teardown(watch.close);
    await waitUntil('the present object', () => watch.events.length === 1);
    t.deepEqual(summary(watch), ['ADDED present']);
  }
});

test.serial('a watch-list ends its beginning with a marked bookmark', async (t) => {
  const query =
    'watch=true&sendInitialEvents=true&resourceVersionMatch=NotOlderThan&allowWatchBookmarks=true';
  const { json } = await api.send({ path: LEASES });
  const watch = api.watch(`${LEASES}?${query}`);
  t.teardown(watch.close);
  await waitUntil('the bookmark', () => watch.events.some(({ type }) => type === 'BOOKMARK'));
  const last = watch.events.at(-1);
  t.is(last.object.metadata.annotations['k8s.io/initial-events-end'], 'true');
  t.is(last.object.kind, 'Lease');
  t.is(watch.events.length, json.items.length + 1);
  await create('after-the-list');
  await waitUntil('the event after it', () => watch.events.length === json.items.length + 2);
});

test.serial('timeoutSeconds ends a watch, with a bookmark that is as new as the server', async (t) => {
  const { json } = await api.send({ path: LEASES });
  const watch = api.watch(
    `${LEASES}?watch=true&allowWatchBookmarks=true&timeoutSeconds=1&resourceVersion=${json.metadata.resourceVersion}`,
  );
  const other = { apiVersion: 'v1', kind: 'Namespace', metadata: { name: 'elsewhere' } };
  const made = await api.send({ method: 'POST', path: '/api/v1/namespaces', body: other });
  await waitUntil('the end', () => watch.ended());
  t.is(watch.events.at(-1)?.type, 'BOOKMARK');
  t.true(
    Number(watch.events.at(-1)?.object.metadata.resourceVersion) >=
      Number(made.json.metadata.resourceVersion),
  );
});

test.serial('a watch in which nothing more comes ends with a bookmark of its last change', async (t) => {
  const { json } = await api.send({ path: LEASES });
  const watch = api.watch(
    `${LEASES}?watch=true&allowWatchBookmarks=true&timeoutSeconds=1&resourceVersion=${json.metadata.resourceVersion}`,
  );
  await create('the-last-change');
  await waitUntil('the end', () => watch.ended());
  t.deepEqual(
    watch.events.map(({ type }) => type),
    ['ADDED', 'BOOKMARK'],
  );
  const [change, bookmark] = watch.events;
  t.is(bookmark.object.metadata.resourceVersion, change.object.metadata.resourceVersion);
});

test.serial('Table and metadata-only watches', async (t) => {
  const from = await create('shaped');
  const watchAs = (as: string) =>
    api.watch(`${LEASES}?watch=true&resourceVersion=${from}`, {
      accept: `application/json;as=${as};g=meta.k8s.io;v=v1`,
    });
  const table = watchAs('Table');
  const partial = watchAs('PartialObjectMetadata');
  t.teardown(table.close);
  t.teardown(partial.close);
  await create('shaped-2');
  await label('shaped-2', { a: 'b' });
  await waitUntil('both', () => table.events.length === 2 && partial.events.length === 2);
  t.is(table.events[0].object.kind, 'Table');
  t.is(table.events[0].object.columnDefinitions[0].name, 'Name');
  t.is(table.events[1].object.columnDefinitions, null);
  t.is(table.events[0].object.rows[0].object.metadata.name, 'shaped-2');
  t.is(partial.events[0].object.kind, 'PartialObjectMetadata');
});

test.serial('a watcher resumes over a restart of the server and misses nothing', async (t) => {
  const from = await create('before-restart');
  await create('before-restart-2');
  await api.send({ method: 'DELETE', path: `${LEASES}/before-restart-2` });
  await api.restartServer();
  await create('after-restart');
  const watch = api.watch(`${LEASES}?watch=true&resourceVersion=${from}`);
  t.teardown(watch.close);
  await waitUntil('all three', () => watch.events.length === 3);
  t.deepEqual(summary(watch), ['ADDED before-restart-2', 'DELETED before-restart-2', 'ADDED after-restart']);
});

test.serial('watches go on over a restart of etcd', async (t) => {
  const from = await create('before-etcd');
  const watch = api.watch(`${LEASES}?watch=true&resourceVersion=${from}`);
  t.teardown(watch.close);
  await create('before-etcd-2');
  await waitUntil('the first event', () => watch.events.length === 1);
  await api.etcd.kill();
  await api.etcd.start();
  await waitUntil('a write to succeed', async () => (await api.send({ path: LEASES })).code === 200);
  await create('after-etcd');
  await waitUntil('the event after it', () => watch.events.length === 2);
  t.deepEqual(summary(watch), ['ADDED before-etcd-2', 'ADDED after-etcd']);
  t.false(watch.ended());
});

test.serial('a compacted revision is 410, and one that is yet to come 504', async (t) => {
  const from = await create('compacted');
  const namespaceWrites = Array.from({ length: 30 }, (_, index) => label('compacted', { n: String(index) }));
  await Promise.all(namespaceWrites);
  const kv = new Etcd3Kv(api.etcd.connection);
  const { revision } = await kv.range({ key: 'x' });
  await kv.compact(revision);
  kv.close();
  await api.restartServer();
  const watch = api.watch(`${LEASES}?watch=true&resourceVersion=${from}`);
  await waitUntil('the end', () => watch.ended());
  t.is(watch.events.at(-1)?.type, 'ERROR');
  t.is(watch.events.at(-1)?.object.code, 410);
  const gone = await api.send({ path: `${LEASES}?resourceVersion=${from}&resourceVersionMatch=Exact` });
  t.is(gone.code, 410);
  t.is(gone.json.reason, 'Expired');
  const future = await api.send({
    path: `${LEASES}?resourceVersion=999999999&resourceVersionMatch=NotOlderThan`,
  });
  t.is(future.code, 504);
  t.is(future.json.details.causes[0].reason, 'ResourceVersionTooLarge');
});
