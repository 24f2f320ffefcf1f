import test from 'ava';
import { pino } from 'pino';
import { Registry } from 'prom-client';
import { ApiClient, isNotFound } from '../../api/client/index.ts';
import { startTestApi, type TestApi } from '../../api/testing/test-api.ts';
import { waitUntil } from '../../api/testing/wait-until.ts';
import { type ConfigMap, configMapDefinition } from '../../crds/configmap/definition.ts';
import { namespaceDefinition } from '../../crds/namespace/definition.ts';
import { type ServiceAccount, serviceAccountDefinition } from '../../crds/serviceaccount/definition.ts';
import { systemClock } from '../../lib/clock.ts';
import { createEventRelayMetrics } from '../eventrelay/controller.ts';
import { GarbageCollectionMetrics } from '../garbagecollection/metrics.ts';
import { type Manager, startManager } from '../manager.ts';
import { createControllerMetrics, StatusCommitter } from '../runtime/index.ts';

let api: TestApi;
let client: ApiClient;
let manager: Manager;

const CA = 'the authority of this test';

test.before(async () => {
  api = await startTestApi();
  client = await ApiClient.fromKubeconfigFile(api.kubeconfig);
  const registry = new Registry();
  manager = startManager({
    client,
    clock: systemClock,
    logger: pino({ level: 'silent' }),
    metrics: createControllerMetrics(registry),
    garbageCollectionClient: client,
    garbageCollectionMetrics: new GarbageCollectionMetrics(registry),
    committer: new StatusCommitter({ client, reportingComponent: 'test', reportingInstance: 'test' }),
    clusterCa: CA,
    apiPort: api.port,
    eventRelay: {
      config: { file: { enabled: false, fileMiB: 1, filesMax: 0 } },
      streamFile: '',
      holder: 'test',
      metrics: createEventRelayMetrics(new Registry()),
    },
  });
});

test.after.always(async () => {
  await manager?.stop();
  await client?.close();
  await api?.dispose();
});

async function account(namespace: string): Promise<ServiceAccount | undefined> {
  return orAbsent(client.get<ServiceAccount>(serviceAccountDefinition, { namespace, name: 'default' }));
}

async function rootCa(namespace: string): Promise<ConfigMap | undefined> {
  return orAbsent(client.get<ConfigMap>(configMapDefinition, { namespace, name: 'kube-root-ca.crt' }));
}

async function orAbsent<T>(answer: Promise<T>): Promise<T | undefined> {
  return answer.catch((error: unknown) => {
    if (isNotFound(error)) return undefined;
    throw error;
  });
}

async function hasBoth(namespace: string): Promise<boolean> {
  return (await account(namespace)) !== undefined && (await rootCa(namespace))?.data?.['ca.crt'] === CA;
}

test.serial(
  'namespaces that are there, and new ones, are given their account and their authority',
  async (t) => {
    await waitUntil('the defaults of the default namespace', () => hasBoth('default'));
    await client.create(namespaceDefinition, {
      apiVersion: 'v1',
      kind: 'Namespace',
      metadata: { name: 'team' },
    });
    await waitUntil('the defaults of a new namespace', () => hasBoth('team'));
    const kubernetes = { path: '/api/v1/namespaces/default/services/kubernetes' };
    await waitUntil('the Service of the API', async () => (await api.send(kubernetes)).code === 200);
    t.is((await api.send(kubernetes)).json.spec.ports[0].targetPort, api.port);
    await api.send({ ...kubernetes, method: 'DELETE' });
    await waitUntil('it is back', async () => (await api.send(kubernetes)).code === 200);
  },
);

test.serial('what is deleted or changed is put back; what users add to the account stays', async (t) => {
  const before = await account('team');
  await client.patch(
    serviceAccountDefinition,
    { namespace: 'team', name: 'default' },
    { secrets: [{ name: 'x' }] },
  );
  await client.patch(
    configMapDefinition,
    { namespace: 'team', name: 'kube-root-ca.crt' },
    { data: { 'ca.crt': 'another', more: '' } },
  );
  await waitUntil('the authority is put back', async () => {
    const data = (await rootCa('team'))?.data;
    return data?.['ca.crt'] === CA && data.more === undefined;
  });
  t.deepEqual((await account('team'))?.secrets, [{ name: 'x' }]);
  await client.delete(configMapDefinition, { namespace: 'team', name: 'kube-root-ca.crt' });
  await client.delete(serviceAccountDefinition, { namespace: 'team', name: 'default' });
  await waitUntil('both are back', () => hasBoth('team'));
  t.not((await account('team'))?.metadata.uid, before?.metadata.uid);
});

test.serial('a namespace takes them, Secrets, roles and quotas along when it goes', async (t) => {
  const rbac = '/apis/rbac.authorization.k8s.io/v1';
  const objects = [
    ['/api/v1', 'secrets', { apiVersion: 'v1', kind: 'Secret' }],
    ['/api/v1', 'resourcequotas', { apiVersion: 'v1', kind: 'ResourceQuota' }],
    [rbac, 'roles', { apiVersion: 'rbac.authorization.k8s.io/v1', kind: 'Role' }],
  ] as const;
  for (const [root, plural, object] of objects) {
    const path = `${root}/namespaces/team/${plural}`;
    const { code } = await api.send({ method: 'POST', path, body: { ...object, metadata: { name: 'one' } } });
    t.is(code, 201, plural);
  }
  await client.delete(namespaceDefinition, { name: 'team' });
  await waitUntil('the namespace is gone', async () => {
    return (await orAbsent(client.get(namespaceDefinition, { name: 'team' }))) === undefined;
  });
  for (const [root, plural] of objects) {
    const { json } = await api.send({ path: `${root}/namespaces/team/${plural}` });
    t.deepEqual(json.items, [], plural);
  }
  t.is(await account('team'), undefined);
});
