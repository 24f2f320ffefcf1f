import test from 'ava';
import fc from 'fast-check';
import { Etcd3Kv } from '../storage/etcd/etcd-kv.ts';
import { startTestApi, type TestApi, type TestObject } from '../testing/test-api.ts';

let api: TestApi;

test.before(async () => {
  api = await startTestApi();
});

test.after.always(() => api?.dispose());

const leasesIn = (namespace: string) => `/apis/coordination.k8s.io/v1/namespaces/${namespace}/leases`;

async function createLease(namespace: string, name: string, labels: Record<string, string>): Promise<void> {
  const body = { apiVersion: 'coordination.k8s.io/v1', kind: 'Lease', metadata: { name, labels }, spec: {} };
  await api.send({ method: 'POST', path: leasesIn(namespace), body });
}

const namesOf = (list: TestObject): string[] => list.items.map((item: TestObject) => item.metadata.name);

test('a list without a resourceVersion has every write that was acknowledged before it', async (t) => {
  const body = { apiVersion: 'v1', kind: 'Namespace', metadata: { name: 'fresh' } };
  await api.send({ method: 'POST', path: '/api/v1/namespaces', body });
  for (let index = 0; index < 40; index += 1) {
    const name = `fresh-${index}`;
    await createLease('fresh', name, {});
    const { json } = await api.send({ path: leasesIn('fresh') });
    t.true(namesOf(json).includes(name));
    const page = await api.send({ path: `${leasesIn('fresh')}?limit=${index + 1}` });
    t.is(page.json.items.length, index + 1);
    t.is(page.json.metadata.continue, undefined);
  }
});

/** All pages; calls `between` after the first. */
async function allPages(
  path: string,
  limit: number,
  between: () => Promise<void> = async () => {},
): Promise<string[]> {
  const names: string[] = [];
  let token = '';
  for (;;) {
    const continued = token === '' ? '' : `&continue=${encodeURIComponent(token)}`;
    const { json } = await api.send({
      path: `${path}${path.includes('?') ? '&' : '?'}limit=${limit}${continued}`,
    });
    names.push(...namesOf(json));
    token = json.metadata.continue ?? '';
    if (token === '') return names;
    if (names.length <= limit) await between();
  }
}

test.serial('pages of any size hold every object once, in order, of one revision', async (t) => {
  const namespace = 'kube-public';
  for (let index = 0; index < 12; index += 1) {
    await createLease(namespace, `lease-${String(index).padStart(2, '0')}`, { odd: String(index % 2) });
  }
  const whole = namesOf((await api.send({ path: leasesIn(namespace) })).json);
  const odd = namesOf((await api.send({ path: `${leasesIn(namespace)}?labelSelector=odd%3D1` })).json);
  t.is(odd.length, 6);
  let extra = 0;
  await fc.assert(
    fc.asyncProperty(fc.integer({ min: 1, max: 14 }), async (limit) => {
      const disturb = () => createLease(namespace, `zz-${extra++}`, {});
      const seen = await allPages(leasesIn(namespace), limit, disturb);
      t.deepEqual(
        seen.filter((name) => name.startsWith('lease-')),
        whole.filter((name) => name.startsWith('lease-')),
      );
      t.deepEqual(await allPages(`${leasesIn(namespace)}?labelSelector=odd%3D1`, limit), odd);
    }),
    { numRuns: 20 },
  );
});

test.serial('a page says how much is left, unless selectors make that unknown', async (t) => {
  const { json } = await api.send({ path: `${leasesIn('kube-public')}?limit=5` });
  const whole = await api.send({ path: leasesIn('kube-public') });
  t.is(json.metadata.remainingItemCount, whole.json.items.length - 5);
  const selected = await api.send({ path: `${leasesIn('kube-public')}?limit=2&labelSelector=odd` });
  t.is(selected.json.items.length, 2);
  t.is(selected.json.metadata.remainingItemCount, undefined);
});

test.serial('a page whose revision is compacted is 410 with a token for the rest as it is now', async (t) => {
  const first = await api.send({ path: `${leasesIn('kube-public')}?limit=5` });
  await createLease('kube-public', 'zzz-later', {});
  const kv = new Etcd3Kv(api.etcd.connection);
  await kv.compact((await kv.range({ key: 'x' })).revision);
  kv.close();
  const path = `${leasesIn('kube-public')}?limit=500&continue=`;
  const gone = await api.send({ path: path + encodeURIComponent(first.json.metadata.continue) });
  t.is(gone.code, 410);
  const rest = await api.send({ path: path + encodeURIComponent(gone.json.metadata.continue) });
  t.is(rest.code, 200);
  t.true(namesOf(rest.json).includes('zzz-later'));
  t.false(namesOf(rest.json).includes('lease-00'));
});

test.serial('lists over all namespaces, by field, from memory, as Table', async (t) => {
  await createLease('default', 'lease-00', {});
  const all = await api.send({
    path: '/apis/coordination.k8s.io/v1/leases?fieldSelector=metadata.name%3Dlease-00',
  });
  t.is(all.json.items.length, 2);
  const one = await api.send({
    path: '/apis/coordination.k8s.io/v1/leases?fieldSelector=metadata.name%3Dlease-00,metadata.namespace!%3Ddefault',
  });
  t.is(one.json.items.length, 1);
  const cached = await api.send({ path: '/apis/coordination.k8s.io/v1/leases?resourceVersion=0' });
  t.is(cached.code, 200);
  const accept = 'application/json;as=Table;v=v1;g=meta.k8s.io,application/json';
  const table = await api.send({ path: leasesIn('default'), headers: { accept } });
  t.is(table.json.kind, 'Table');
  t.is(table.json.rows.length, 1);
  const bad = await api.send({ path: `${leasesIn('default')}?fieldSelector=spec.nothing%3Dx` });
  t.is(bad.code, 400);
  t.regex(bad.json.message, /"spec.nothing" is not a known field selector/);
});

test.serial('deletecollection takes what its selector takes in, and no more', async (t) => {
  const deleted = await api.send({
    method: 'DELETE',
    path: `${leasesIn('kube-public')}?labelSelector=odd%3D1`,
  });
  t.is(deleted.json.items.length, 6);
  const left = namesOf((await api.send({ path: leasesIn('kube-public') })).json);
  t.is(left.filter((name) => name.startsWith('lease-')).length, 6);
});
