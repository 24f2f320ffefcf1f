import test, { type ExecutionContext } from 'ava';
import { pino } from 'pino';
import { Registry } from 'prom-client';
import { type ApiClient, Informer } from '../../api/client/index.ts';
import { leaseDefinition } from '../../crds/lease/definition.ts';
import type { ApiObject, OwnerReference, Stored } from '../../crds/meta/meta.ts';
import type { ResourceDefinition } from '../../crds/meta/resource-definition.ts';
import { nodeDefinition } from '../../crds/node/definition.ts';
import { sandboxContainerDefinition } from '../../crds/sandboxcontainer/definition.ts';
import { userVmDefinition } from '../../crds/uservm/definition.ts';
import { systemClock } from '../../lib/clock.ts';
import { createControllerMetrics, ownerReferenceTo, StatusCommitter } from '../runtime/index.ts';
import { MemoryApi } from '../runtime/testing/memory-api.ts';
import { settle } from '../runtime/testing/test-clock.ts';
import { startGarbageCollection } from './controller.ts';
import { ownerIndexers } from './graph.ts';

const DEFINITIONS = [nodeDefinition, leaseDefinition, userVmDefinition, sandboxContainerDefinition];

async function start(t: ExecutionContext) {
  const api = new MemoryApi();
  const registry = new Registry();
  const logger = pino({ level: 'silent' });
  const informers = DEFINITIONS.map(
    (definition) => new Informer<ApiObject>({ client: api, definition, indexers: ownerIndexers }),
  );
  const collection = startGarbageCollection(
    {
      client: api as unknown as ApiClient,
      committer: new StatusCommitter({
        client: { commitStatus: async () => t.fail() as never },
        reportingComponent: '',
        reportingInstance: '',
      }),
      clock: systemClock,
      logger,
      metrics: createControllerMetrics(registry),
    },
    informers,
  );
  for (const informer of informers) informer.start();
  await Promise.all(informers.map((informer) => informer.whenSynced()));
  t.teardown(async () => {
    await collection.stop();
    await Promise.all(informers.map((informer) => informer.stop()));
  });
  const add = (definition: ResourceDefinition, name: string, ownerReferences: OwnerReference[] = []) => {
    const namespace = definition.namespaced ? { namespace: 'team' } : {};
    const apiVersion = definition.group === '' ? 'v1' : `${definition.group}/${definition.version}`;
    return api.add(definition, {
      apiVersion,
      kind: definition.kind,
      metadata: { ...namespace, name, ownerReferences },
    });
  };
  return { api, add, quiet: () => idle(registry) };
}

/** Waits until no queue has a key and no worker is at one, for several turns of the event loop in a row. */
async function idle(registry: Registry): Promise<void> {
  for (let idleTurns = 0; idleTurns < 10; idleTurns += 1) {
    await settle();
    for (const name of ['holt_controller_queue_depth', 'holt_controller_active_workers']) {
      const values = (await registry.getSingleMetric(name)?.get())?.values ?? [];
      if (values.some(({ value }) => value > 0)) idleTurns = 0;
    }
  }
}

const team = (object: Stored<ApiObject>) => ({ namespace: 'team', name: object.metadata.name });

test('dependents of dependents go after their owner; a container of the VM by vmRef stays', async (t) => {
  const { api, add, quiet } = await start(t);
  const vm = await add(userVmDefinition, 'alice');
  const lease = await add(leaseDefinition, 'owned', [ownerReferenceTo(vm)]);
  await add(sandboxContainerDefinition, 'owned-by-lease', [ownerReferenceTo(lease)]);
  await add(sandboxContainerDefinition, 'live');
  await quiet();
  t.deepEqual(api.log, []);
  await api.delete(userVmDefinition, team(vm));
  await quiet();
  t.deepEqual(api.names(leaseDefinition), []);
  t.deepEqual(api.names(sandboxContainerDefinition), ['live']);
});

test('an object made for an owner that is gone, or whose name another has now, is collected', async (t) => {
  const { api, add, quiet } = await start(t);
  const old = await add(userVmDefinition, 'alice');
  await api.delete(userVmDefinition, team(old));
  await add(userVmDefinition, 'alice');
  await add(leaseDefinition, 'stale', [ownerReferenceTo(old)]);
  await quiet();
  t.deepEqual(api.names(leaseDefinition), []);
  t.deepEqual(api.names(userVmDefinition), ['alice']);
});

test('of two owners one is enough; the reference to the other is taken out', async (t) => {
  const { api, add, quiet } = await start(t);
  const [a, b] = [await add(userVmDefinition, 'a'), await add(nodeDefinition, 'b')];
  await add(leaseDefinition, 'shared', [ownerReferenceTo(a), ownerReferenceTo(b, { controller: false })]);
  await api.delete(userVmDefinition, team(a));
  await quiet();
  const lease = (await api.get(leaseDefinition, { namespace: 'team', name: 'shared' })) as Stored<ApiObject>;
  t.deepEqual(
    lease.metadata.ownerReferences?.map(({ name }) => name),
    ['b'],
  );
  await api.delete(nodeDefinition, { name: 'b' });
  await quiet();
  t.deepEqual(api.names(leaseDefinition), []);
});

test('foreground: the owner goes after its blocking dependents, all levels deep', async (t) => {
  const { api, add, quiet } = await start(t);
  const vm = await add(userVmDefinition, 'alice');
  const lease = await add(leaseDefinition, 'middle', [ownerReferenceTo(vm)]);
  const leaf = await add(sandboxContainerDefinition, 'leaf', [ownerReferenceTo(lease)]);
  await quiet();
  await api.patch(sandboxContainerDefinition, team(leaf), {
    metadata: { finalizers: ['holt.dev/container'] },
  });
  await api.delete(userVmDefinition, team(vm), { propagationPolicy: 'Foreground' });
  await quiet();
  t.deepEqual(api.log, ['Foreground alice', 'Foreground middle', 'Background leaf']);
  t.deepEqual(api.names(userVmDefinition), ['alice']);
  await api.patch(sandboxContainerDefinition, team(leaf), { metadata: { finalizers: [] } });
  await quiet();
  t.deepEqual(
    [userVmDefinition, leaseDefinition, sandboxContainerDefinition].flatMap((each) => api.names(each)),
    [],
  );
});

test('orphan: dependents stay, without the reference', async (t) => {
  const { api, add, quiet } = await start(t);
  const vm = await add(userVmDefinition, 'alice');
  await add(leaseDefinition, 'kept', [ownerReferenceTo(vm)]);
  await quiet();
  await api.delete(userVmDefinition, team(vm), { propagationPolicy: 'Orphan' });
  await quiet();
  t.deepEqual(api.names(userVmDefinition), []);
  const lease = (await api.get(leaseDefinition, { namespace: 'team', name: 'kept' })) as Stored<ApiObject>;
  t.is(lease.metadata.ownerReferences, undefined);
});

test('an owner of a kind that is not served deletes nothing', async (t) => {
  const { api, add, quiet } = await start(t);
  await add(leaseDefinition, 'odd', [{ apiVersion: 'apps/v1', kind: 'Deployment', name: 'x', uid: 'y' }]);
  await quiet();
  t.deepEqual(api.names(leaseDefinition), ['odd']);
});
