import test from 'ava';
import { startTestApi, type TestApi, type TestObject, type TestWatch } from '../../testing/test-api.ts';
import { waitUntil } from '../../testing/wait-until.ts';

/** Each test is named after the upstream conformance test whose behaviour it holds. */
let api: TestApi;

test.before(async () => {
  api = await startTestApi();
});

test.after.always(() => api?.dispose());

const CONFIG_MAPS = '/api/v1/namespaces/default/configmaps';
const LABEL = 'watch-this-configmap';

async function create(name: string, value: string): Promise<TestObject> {
  const body = {
    apiVersion: 'v1',
    kind: 'ConfigMap',
    metadata: { name, labels: { [LABEL]: value } },
    data: { mutation: '0' },
  };
  return (await api.send({ method: 'POST', path: CONFIG_MAPS, body })).json;
}

async function mutate(object: TestObject, change: (copy: TestObject) => void): Promise<TestObject> {
  const body = structuredClone(object);
  change(body);
  return (await api.send({ method: 'PUT', path: `${CONFIG_MAPS}/${body.metadata.name}`, body })).json;
}

const remove = (name: string) => api.send({ method: 'DELETE', path: `${CONFIG_MAPS}/${name}` });

function watch(selector: string, resourceVersion = '', extra = ''): TestWatch {
  const query = `watch=true&labelSelector=${encodeURIComponent(selector)}&resourceVersion=${resourceVersion}${extra}`;
  return api.watch(`${CONFIG_MAPS}?${query}`);
}

async function opened(...watches: TestWatch[]): Promise<void> {
  await waitUntil('the watches to be open', () => watches.every((one) => one.code() === 200));
}

const typesOf = ({ events }: TestWatch) => events.map(({ type }) => type as string);
const until = (one: TestWatch, count: number) =>
  waitUntil(`${count} events`, () => one.events.length >= count);

test('[sig-api-machinery] Watchers should observe add, update, and delete watch notifications on configmaps [Conformance]', async (t) => {
  const a = watch(`${LABEL}=multiple-watchers-A`);
  const b = watch(`${LABEL}=multiple-watchers-B`);
  const either = watch(`${LABEL} in (multiple-watchers-A,multiple-watchers-B)`);
  await opened(a, b, either);
  let object = await create('conf-a', 'multiple-watchers-A');
  for (const value of ['1', '2']) {
    object = await mutate(object, (copy) => {
      copy.data.mutation = value;
    });
  }
  await remove('conf-a');
  await until(either, 4);
  await create('conf-b', 'multiple-watchers-B');
  await remove('conf-b');
  await until(either, 6);
  await until(a, 4);
  await until(b, 2);
  t.deepEqual(typesOf(a), ['ADDED', 'MODIFIED', 'MODIFIED', 'DELETED']);
  t.deepEqual(typesOf(b), ['ADDED', 'DELETED']);
  t.deepEqual(typesOf(either), [...typesOf(a), ...typesOf(b)]);
  for (const one of [a, b, either]) one.close();
});

test('[sig-api-machinery] Watchers should be able to start watching from a specific resource version [Conformance]', async (t) => {
  const first = await create('conf-rv', 'from-resource-version');
  const second = await mutate(first, (copy) => {
    copy.data.mutation = '1';
  });
  const third = await mutate(second, (copy) => {
    copy.data.mutation = '2';
  });
  await remove('conf-rv');
  const one = watch(`${LABEL}=from-resource-version`, second.metadata.resourceVersion);
  await until(one, 2);
  t.deepEqual(typesOf(one), ['MODIFIED', 'DELETED']);
  t.deepEqual(one.events[0].object, third);
  one.close();
});

test('[sig-api-machinery] Watchers should be able to restart watching from the last resource version observed by the previous watch [Conformance]', async (t) => {
  const before = watch(`${LABEL}=watch-closed-and-restarted`);
  await opened(before);
  const first = await create('conf-restart', 'watch-closed-and-restarted');
  const second = await mutate(first, (copy) => {
    copy.data.mutation = '1';
  });
  await until(before, 2);
  before.close();
  const third = await mutate(second, (copy) => {
    copy.data.mutation = '2';
  });
  await remove('conf-restart');
  const after = watch(
    `${LABEL}=watch-closed-and-restarted`,
    before.events.at(-1).object.metadata.resourceVersion,
  );
  await until(after, 2);
  t.deepEqual(typesOf(after), ['MODIFIED', 'DELETED']);
  t.deepEqual(after.events[0].object, third);
  after.close();
});

test('[sig-api-machinery] Watchers should observe an object deletion if it stops meeting the requirements of the selector [Conformance]', async (t) => {
  const one = watch(`${LABEL}=label-changed-and-restored`);
  await opened(one);
  const label = (value: string) => (copy: TestObject) => {
    copy.metadata.labels[LABEL] = value;
  };
  let object = await create('conf-label', 'label-changed-and-restored');
  object = await mutate(object, (copy) => {
    copy.data.mutation = '1';
  });
  object = await mutate(object, label('wrong-value'));
  await until(one, 3);
  object = await mutate(object, (copy) => {
    copy.data.mutation = '2';
  });
  object = await mutate(object, label('label-changed-and-restored'));
  object = await mutate(object, (copy) => {
    copy.data.mutation = '3';
  });
  await remove('conf-label');
  await until(one, 6);
  t.deepEqual(typesOf(one), ['ADDED', 'MODIFIED', 'DELETED', 'ADDED', 'MODIFIED', 'DELETED']);
  one.close();
});

test('[sig-api-machinery] Watchers should receive events on concurrent watches in same order [Conformance]', async (t) => {
  const begin = await create('conf-order', 'concurrent');
  let object = begin;
  const versions = [begin.metadata.resourceVersion];
  const watches: TestWatch[] = [];
  for (let index = 0; index < 30; index += 1) {
    object = await mutate(object, (copy) => {
      copy.data.mutation = `m${index}`;
    });
    versions.push(object.metadata.resourceVersion);
    watches.push(watch(`${LABEL}=concurrent`, versions[Math.floor(index / 3)]));
  }
  for (const [index, one] of watches.entries()) {
    const expected = versions.slice(Math.floor(index / 3) + 1);
    await until(one, expected.length);
    t.deepEqual(
      one.events.map((event) => event.object.metadata.resourceVersion),
      expected,
    );
    one.close();
  }
});
