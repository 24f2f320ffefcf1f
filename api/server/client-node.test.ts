import {
  KubeConfig,
  type KubernetesObject,
  KubernetesObjectApi,
  makeInformer,
  PatchStrategy,
} from '@kubernetes/client-node';
import test from 'ava';
import { startTestApi, type TestApi, type TestObject } from '../testing/test-api.ts';
import { waitUntil } from '../testing/wait-until.ts';

/** `@kubernetes/client-node` as its users use it. */
let api: TestApi;
let config: KubeConfig;
let objects: KubernetesObjectApi;

test.before(async () => {
  api = await startTestApi();
  config = new KubeConfig();
  config.loadFromFile(api.kubeconfig);
  objects = KubernetesObjectApi.makeApiClient(config);
});

test.after.always(() => api?.dispose());

interface Vm extends KubernetesObject {
  spec?: { user: string; cpus: number; memory?: string };
}

const vm = (name: string, cpus = 1) => ({
  apiVersion: 'holt.dev/v1alpha1',
  kind: 'UserVM',
  metadata: { name, namespace: 'default' },
  spec: { user: name, cpus },
});

test.serial('objects of any kind are created, read, replaced, patched, listed and deleted', async (t) => {
  const created = await objects.create<Vm>(vm('ann'));
  t.is(created.spec?.memory, '1Gi');
  const read = await objects.read<Vm>(vm('ann'));
  t.is(read.metadata?.uid, created.metadata?.uid);
  const replaced = await objects.replace<Vm>({ ...read, spec: { user: 'ann', cpus: 2 } });
  t.is(replaced.spec?.cpus, 2);
  const header = {
    apiVersion: 'holt.dev/v1alpha1',
    kind: 'UserVM',
    metadata: { name: 'ann', namespace: 'default' },
  };
  const patched = await objects.patch<Vm>(
    { ...header, spec: { cpus: 3 } } as unknown as Vm,
    ...([undefined, undefined, undefined, undefined] as const),
    PatchStrategy.MergePatch,
  );
  t.is(patched.spec?.cpus, 3);
  const list = await objects.list<Vm>('holt.dev/v1alpha1', 'UserVM', 'default');
  t.deepEqual(
    list.items.map(({ metadata }) => metadata?.name),
    ['ann'],
  );
  t.is((await objects.delete(header)).status, 'Success');
  await t.throwsAsync(objects.read(header), { message: /HTTP-Code: 404/ });
});

test.serial('server-side apply: created, changed, refused to another manager, forced', async (t) => {
  const apply = (cpus: number, manager: string, force: boolean) =>
    objects.patch<Vm>(vm('ben', cpus), undefined, undefined, manager, force, PatchStrategy.ServerSideApply);
  t.is((await apply(1, 'one', false)).spec?.cpus, 1);
  t.is((await apply(2, 'one', false)).spec?.cpus, 2);
  await t.throwsAsync(apply(3, 'two', false), { message: /HTTP-Code: 409.*conflict with .+one/s });
  t.is((await apply(3, 'two', true)).spec?.cpus, 3);
});

test.serial('an informer has every change through a restart of the server', async (t) => {
  const path = '/api/v1/namespaces/default/configmaps';
  const list = () => objects.list('v1', 'ConfigMap', 'default');
  const informer = makeInformer(config, path, list);
  const seen: string[] = [];
  for (const verb of ['add', 'update', 'delete'] as const)
    informer.on(verb, ({ metadata }) => seen.push(`${verb} ${metadata?.name}`));
  // It ends at an error, and is begun anew by its user.
  let ended = false;
  informer.on('error', () => {
    if (!ended) setTimeout(() => void informer.start(), 20);
  });
  const configMap = (name: string): TestObject => ({
    apiVersion: 'v1',
    kind: 'ConfigMap',
    metadata: { name },
  });
  const create = (name: string) => api.send({ method: 'POST', path, body: configMap(name) });
  await create('first');
  await informer.start();
  t.deepEqual(seen, ['add first']);
  await create('second');
  await waitUntil('the second', async () => seen.includes('add second'));
  await api.restartServer();
  await create('third');
  await api.send({ method: 'DELETE', path: `${path}/first` });
  await waitUntil(
    'what came after the restart',
    async () => seen.includes('add third') && seen.includes('delete first'),
  );
  t.deepEqual(
    informer
      .list()
      .map(({ metadata }) => metadata?.name)
      .toSorted(),
    ['second', 'third'],
  );
  t.is(new Set(seen).size, seen.length, 'nothing is told twice');
  ended = true;
  await informer.stop();
});
