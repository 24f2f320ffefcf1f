import test from 'ava';
import { startTestApi, type TestApi, type TestObject, type TestWatch } from '../testing/test-api.ts';
import { waitUntil } from '../testing/wait-until.ts';

let api: TestApi;

test.before(async () => {
  api = await startTestApi();
});

test.after.always(() => api?.dispose());

const LEASES = '/apis/coordination.k8s.io/v1/namespaces/default/leases';

async function create(name: string, labels: Record<string, string> = {}): Promise<string> {
  const body = { apiVersion: 'coordination.k8s.io/v1', kind: 'Lease', metadata: { name, labels }, spec: {} };
  const { code, json } = await api.send({ method: 'POST', path: LEASES, body });
  if (code !== 201) throw new Error(json.message);
  return json.metadata.resourceVersion;
}

async function patch(name: string, metadata: object): Promise<string> {
  const { json } = await api.send({
    method: 'PATCH',
    path: `${LEASES}/${name}`,
    body: { metadata },
    headers: { 'content-type': 'application/merge-patch+json' },
  });
  return json.metadata.resourceVersion;
}

const remove = (name: string) => api.send({ method: 'DELETE', path: `${LEASES}/${name}` });
const newest = async (): Promise<string> => (await api.send({ path: LEASES })).json.metadata.resourceVersion;

const changes = (watch: TestWatch): TestObject[] => watch.events.filter(({ type }) => type !== 'BOOKMARK');
const summary = (watch: TestWatch) =>
  changes(watch).map(({ type, object }) => `${type} ${object.metadata.name}`);
const revisionsOf = (watch: TestWatch): string[] =>
  changes(watch).map(({ object }) => object.metadata.resourceVersion);

test.serial('options that contradict each other are 422 with a cause each', async (t) => {
  const match = 'resourceVersionMatch';
  const cases: readonly (readonly [string, string])[] = [
    [`${match}=Exact`, `${match} is forbidden unless resourceVersion is provided`],
    [`${match}=Exact&resourceVersion=0`, `${match} "exact" is forbidden for resourceVersion "0"`],
    [`${match}=NotOlderThan&resourceVersion=1&continue=x`, `${match} is forbidden when continue is provided`],
    [`${match}=Newest&resourceVersion=1`, 'supported values: "Exact", "NotOlderThan"'],
    ['sendInitialEvents=true', 'sendInitialEvents is forbidden for list'],
    [`watch=1&${match}=NotOlderThan`, `${match} is forbidden for watch unless sendInitialEvents is provided`],
    ['watch=1&sendInitialEvents=true', `sendInitialEvents requires setting ${match} to NotOlderThan`],
    [`watch=1&sendInitialEvents=false&${match}=Exact`, 'supported values: "NotOlderThan"'],
  ];
  for (const [query, words] of cases) {
    const { code, json } = await api.send({ path: `${LEASES}?${query}` });
    t.is(code, 422, query);
    t.is(json.reason, 'Invalid');
    t.regex(json.message, /^ListOptions\.meta\.k8s\.io "" is invalid: /);
    t.true(json.message.includes(words), json.message);
    t.is(json.details.kind, 'ListOptions');
    t.true(json.details.causes.length > 0);
  }
  for (const query of ['resourceVersion=x', 'limit=x', 'watch=1&timeoutSeconds=x', 'continue=x']) {
    const { code, json } = await api.send({ path: `${LEASES}?${query}` });
    t.is(code, 400, query);
    t.is(json.reason, 'BadRequest');
  }
});

test.serial('list: exact, not older than, any, and a limit that makes a revision exact', async (t) => {
  const before = await create('listed');
  await remove('listed');
  const after = await create('listed-2');
  const names = async (query: string): Promise<string[]> => {
    const { code, json } = await api.send({ path: `${LEASES}?${query}` });
    t.is(code, 200, json.message);
    return json.items.map((item: TestObject) => item.metadata.name);
  };
  t.deepEqual(await names(`resourceVersion=${before}&resourceVersionMatch=Exact`), ['listed']);
  t.deepEqual(await names(`resourceVersion=${before}&limit=10`), ['listed']);
  t.deepEqual(await names(`resourceVersion=${after}`), ['listed-2']);
  t.deepEqual(await names(`resourceVersion=${after}&resourceVersionMatch=NotOlderThan&limit=1`), [
    'listed-2',
  ]);
  t.deepEqual(await names(''), ['listed-2']);
  const exact = await api.send({ path: `${LEASES}?resourceVersion=${before}&resourceVersionMatch=Exact` });
  t.is(exact.json.metadata.resourceVersion, before);
});

test.serial("continue stays at the first page's revision, selectors too", async (t) => {
  for (const name of ['page-1', 'page-2', 'page-3', 'page-4']) await create(name, { page: 'in' });
  const path = `${LEASES}?labelSelector=page%3Din&limit=2`;
  const first = await api.send({ path });
  await patch('page-3', { labels: { page: 'out' } });
  await remove('page-4');
  await create('page-5', { page: 'in' });
  const rest = await api.send({
    path: `${path}&continue=${encodeURIComponent(first.json.metadata.continue)}`,
  });
  t.deepEqual(
    [...first.json.items, ...rest.json.items].map((item: TestObject) => item.metadata.name),
    ['page-1', 'page-2', 'page-3', 'page-4'],
  );
  t.is(rest.json.metadata.resourceVersion, first.json.metadata.resourceVersion);
  t.is(rest.json.metadata.continue, undefined);
  const both = await api.send({
    path: `${path}&resourceVersion=5&continue=${encodeURIComponent(first.json.metadata.continue)}`,
  });
  t.is(both.code, 400);
});

test.serial('a bare or empty watch parameter watches', async (t) => {
  for (const query of ['watch', 'watch=']) {
    const watch = api.watch(`${LEASES}?${query}&timeoutSeconds=1&fieldSelector=metadata.name%3Dlisted-2`);
    await waitUntil('the object', () => watch.events.length === 1);
    t.deepEqual(summary(watch), ['ADDED listed-2']);
    watch.close();
  }
});

test.serial(
  'sendInitialEvents=false begins behind the newest, or behind the revision asked for',
  async (t) => {
    const options =
      'watch=1&sendInitialEvents=false&resourceVersionMatch=NotOlderThan&allowWatchBookmarks=true';
    const from = await newest();
    await create('unannounced');
    const fromNow = api.watch(`${LEASES}?${options}`);
    const fromThen = api.watch(`${LEASES}?${options}&resourceVersion=${from}`);
    t.teardown(fromNow.close);
    t.teardown(fromThen.close);
    await waitUntil('both streams', () => fromNow.code() === 200 && fromThen.code() === 200);
    await create('announced');
    await waitUntil('the events', () => fromNow.events.length === 1 && fromThen.events.length === 2);
    t.deepEqual(summary(fromNow), ['ADDED announced']);
    t.deepEqual(summary(fromThen), ['ADDED unannounced', 'ADDED announced']);
  },
);

test.serial('a watch-list of a selection: its objects, the marked bookmark, then changes', async (t) => {
  const revision = await create('wanted', { wl: 'in' });
  const watch = api.watch(
    `${LEASES}?watch=1&sendInitialEvents=true&resourceVersionMatch=NotOlderThan&allowWatchBookmarks=true` +
      `&resourceVersion=${revision}&labelSelector=wl%3Din`,
  );
  t.teardown(watch.close);
  await waitUntil('the bookmark', () => watch.events.length === 2);
  const [first, mark] = watch.events;
  t.is(first.object.metadata.name, 'wanted');
  t.is(mark.type, 'BOOKMARK');
  t.is(mark.object.metadata.annotations['k8s.io/initial-events-end'], 'true');
  t.true(Number(mark.object.metadata.resourceVersion) >= Number(revision));
  await create('unwanted');
  await patch('unwanted', { labels: { wl: 'in' } });
  await remove('wanted');
  await waitUntil('the changes', () => watch.events.length === 4);
  t.deepEqual(summary(watch), ['ADDED wanted', 'ADDED unwanted', 'DELETED wanted']);
});

test.serial('a watch-list that is to be newer than the store is 504', async (t) => {
  const { code, json } = await api.send({
    path: `${LEASES}?watch=1&sendInitialEvents=true&resourceVersionMatch=NotOlderThan&resourceVersion=99999999`,
  });
  t.is(code, 504);
  t.is(json.details.causes[0].reason, 'ResourceVersionTooLarge');
});

test.serial('one name by field selector: its life and nothing else', async (t) => {
  const from = await newest();
  const watch = api.watch(`${LEASES}?watch=1&resourceVersion=${from}&fieldSelector=metadata.name%3Donly`);
  const inAll = api.watch(
    `/apis/coordination.k8s.io/v1/leases?watch=1&resourceVersion=${from}&fieldSelector=metadata.name%3Donly,metadata.namespace%3Ddefault`,
  );
  t.teardown(watch.close);
  t.teardown(inAll.close);
  await create('only');
  await create('only-not');
  await patch('only', { labels: { a: 'b' } });
  await remove('only');
  await create('only');
  const life = ['ADDED only', 'MODIFIED only', 'DELETED only', 'ADDED only'];
  await waitUntil('its life', () => watch.events.length === 4 && inAll.events.length === 4);
  t.deepEqual(summary(watch), life);
  t.deepEqual(summary(inAll), life);
});

test.serial(
  'watchers at once see one order, and one that starts anew from its last revision goes on',
  async (t) => {
    const from = await newest();
    const open = (revision: string) => api.watch(`${LEASES}?watch=1&resourceVersion=${revision}`);
    const watchers = Array.from({ length: 5 }, () => open(from));
    for (const watch of watchers) t.teardown(watch.close);
    const writers = ['w0', 'w1', 'w2', 'w3'].map(async (name) => {
      for (let round = 0; round < 5; round += 1) {
        await create(name);
        await patch(name, { labels: { round: String(round) } });
        await remove(name);
      }
    });
    const [quitter] = watchers;
    await waitUntil('some events', () => (quitter?.events.length ?? 0) >= 10);
    quitter?.close();
    const seen = quitter === undefined ? [] : revisionsOf(quitter);
    const resumed = open(seen.at(-1) ?? from);
    t.teardown(resumed.close);
    await Promise.all(writers);
    const stayed = watchers.slice(1);
    await waitUntil('60 events each', () => stayed.every((watch) => watch.events.length === 60));
    await waitUntil('the rest', () => resumed.events.length + seen.length === 60);
    const [order = []] = stayed.map(revisionsOf);
    t.is(new Set(order).size, 60);
    for (const watch of stayed) t.deepEqual(revisionsOf(watch), order);
    t.deepEqual([...seen, ...revisionsOf(resumed)], order);
  },
);

test.serial('without allowWatchBookmarks there are none, and timeoutSeconds ends the watch', async (t) => {
  const watch = api.watch(`${LEASES}?watch=1&timeoutSeconds=1&resourceVersion=${await newest()}`);
  await api.send({
    method: 'POST',
    path: '/api/v1/namespaces',
    body: { apiVersion: 'v1', kind: 'Namespace', metadata: { name: 'moves-the-revision' } },
  });
  await waitUntil('the end', () => watch.ended());
  t.is(watch.code(), 200);
  t.deepEqual(watch.events, []);
});
