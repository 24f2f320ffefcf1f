import test from 'ava';
import { waitUntil } from '../../api/testing/wait-until.ts';
import type { ApiObject, Stored } from '../../crds/meta/meta.ts';
import type { ResourceAddress } from '../../crds/meta/resource-definition.ts';
import { type UserVm, userVmDefinition } from '../../crds/uservm/definition.ts';
import { ownerReferenceTo } from '../runtime/index.ts';
import { CONFIG_MAPS, CollectorBed, customKind, type Policy } from './testing/collector-bed.ts';

/*
 * Upstream's tests in test/e2e/apimachinery/garbage_collector.go, with kinds that need no Pods: a UserVM for the
 * Deployment and a ConfigMap for its ReplicaSet; ConfigMaps for the ReplicationController and its Pods.
 */

let bed: CollectorBed;

test.before(async () => {
  bed = await CollectorBed.start();
});

test.after.always(async () => bed?.dispose());

async function makeVm(namespace: string): Promise<Stored<UserVm>> {
  await bed.makeNamespace(namespace);
  return bed.client.create<UserVm>(userVmDefinition, {
    apiVersion: 'holt.dev/v1alpha1',
    kind: 'UserVM',
    metadata: { namespace, name: 'deployment' },
    spec: { user: namespace, memory: '256Mi' },
  } as UserVm);
}

/** An owner and as many dependents of it as asked for, none, or every second of them, with a second owner. */
async function makeMany(
  namespace: string,
  count: number,
  second?: Stored<ApiObject>,
): Promise<{ owner: Stored<ApiObject>; dependents: Stored<ApiObject>[] }> {
  const owner = await bed.make(CONFIG_MAPS, { namespace, name: 'rc' });
  const dependents = await Promise.all(
    Array.from({ length: count }, (_, index) => {
      const owners = [ownerReferenceTo(owner)];
      if (second !== undefined && index % 2 === 0)
        owners.push(ownerReferenceTo(second, { controller: false }));
      return bed.make(CONFIG_MAPS, { namespace, name: `pod-${index}` }, owners);
    }),
  );
  return { owner, dependents };
}

async function whenDeleted(resource: ResourceAddress, object: Stored<ApiObject>, policy: Policy) {
  await bed.remove(resource, object, policy);
  await bed.whenGone(resource, object);
}

test('should delete pods created by rc when not orphaning', async (t) => {
  await bed.makeNamespace('pods-deleted');
  const { owner, dependents } = await makeMany('pods-deleted', 100);
  await whenDeleted(CONFIG_MAPS, owner, 'Background');
  for (const each of dependents) await bed.whenGone(CONFIG_MAPS, each);
  t.deepEqual(await bed.namesWhenIdle(CONFIG_MAPS, 'pods-deleted'), []);
});

test('should orphan pods created by rc if delete options say so', async (t) => {
  await bed.makeNamespace('pods-orphaned');
  const { owner, dependents } = await makeMany('pods-orphaned', 100);
  await whenDeleted(CONFIG_MAPS, owner, 'Orphan');
  t.is((await bed.namesWhenIdle(CONFIG_MAPS, 'pods-orphaned')).length, 100);
  for (const each of dependents) {
    t.is((await bed.find(CONFIG_MAPS, each))?.metadata.ownerReferences, undefined);
  }
});

test('should delete RS created by deployment when not orphaning', async (t) => {
  const vm = await makeVm('rs-deleted');
  const rs = await bed.make(CONFIG_MAPS, { namespace: 'rs-deleted', name: 'rs' }, [ownerReferenceTo(vm)]);
  await bed.remove(userVmDefinition, vm, 'Background');
  await bed.whenGone(CONFIG_MAPS, rs);
  t.deepEqual(await bed.namesWhenIdle(userVmDefinition, 'rs-deleted'), []);
});

test('should orphan RS created by deployment when deleteOptions.PropagationPolicy is Orphan', async (t) => {
  const vm = await makeVm('rs-orphaned');
  const rs = await bed.make(CONFIG_MAPS, { namespace: 'rs-orphaned', name: 'rs' }, [ownerReferenceTo(vm)]);
  await whenDeleted(userVmDefinition, vm, 'Orphan');
  await bed.collector.whenIdle();
  const kept = await bed.find(CONFIG_MAPS, rs);
  t.truthy(kept);
  t.is(kept?.metadata.ownerReferences, undefined);
});

test('should keep the rc around until all its pods are deleted if the deleteOptions says so', async (t) => {
  const namespace = 'kept-around';
  await bed.makeNamespace(namespace);
  const { owner, dependents } = await makeMany(namespace, 20);
  const held = dependents.slice(0, 2);
  const setFinalizers = async (finalizers: string[] | null) => {
    for (const { metadata } of held)
      await bed.client.patch(CONFIG_MAPS, { namespace, name: metadata.name }, { metadata: { finalizers } });
  };
  await setFinalizers(['example.com/hold']);
  await bed.remove(CONFIG_MAPS, owner, 'Foreground');
  for (const each of dependents.slice(2)) await bed.whenGone(CONFIG_MAPS, each);
  t.deepEqual(await bed.namesWhenIdle(CONFIG_MAPS, namespace), ['pod-0', 'pod-1', 'rc']);
  const waiting = await bed.find(CONFIG_MAPS, owner);
  t.deepEqual(waiting?.metadata.finalizers, ['foregroundDeletion']);
  t.truthy(waiting?.metadata.deletionTimestamp);
  await setFinalizers(null);
  await bed.whenGone(CONFIG_MAPS, owner);
  t.deepEqual(await bed.namesWhenIdle(CONFIG_MAPS, namespace), []);
});

test("should not delete dependents that have both valid owner and owner that's waiting for dependents to be deleted", async (t) => {
  const namespace = 'two-owners';
  await bed.makeNamespace(namespace);
  const stays = await bed.make(CONFIG_MAPS, { namespace, name: 'rc-to-stay' });
  const { owner, dependents } = await makeMany(namespace, 20, stays);
  await whenDeleted(CONFIG_MAPS, owner, 'Foreground');
  t.is((await bed.namesWhenIdle(CONFIG_MAPS, namespace)).length, 1 + 10);
  for (const [index, each] of dependents.entries()) {
    const references = (await bed.find(CONFIG_MAPS, each))?.metadata.ownerReferences;
    const uids = references?.map(({ uid }) => uid);
    t.deepEqual(uids, index % 2 === 0 ? [stays.metadata.uid] : undefined);
  }
});

/** Objects that each own the next, and the last the first. */
async function makeCircle(namespace: string, length: number): Promise<Stored<ApiObject>[]> {
  await bed.makeNamespace(namespace);
  const made: Stored<ApiObject>[] = [];
  for (let index = 0; index < length; index += 1)
    made.push(await bed.make(CONFIG_MAPS, { namespace, name: `pod-${index + 1}` }));
  for (const [index, { metadata }] of made.entries()) {
    const owner = made.at(index - 1);
    const ownerReferences = owner === undefined ? [] : [ownerReferenceTo(owner)];
    await bed.client.patch(
      CONFIG_MAPS,
      { namespace, name: metadata.name },
      { metadata: { ownerReferences } },
    );
  }
  return made;
}

for (const policy of ['Foreground', 'Background'] as const) {
  test(`should not be blocked by dependency circle (${policy})`, async (t) => {
    const circle = await makeCircle(`circle-${policy.toLowerCase()}`, 3);
    const [first] = circle;
    if (first === undefined) return t.fail();
    await bed.remove(CONFIG_MAPS, first, policy);
    for (const each of circle) await bed.whenGone(CONFIG_MAPS, each);
    return t.pass();
  });
}

test('should not be blocked by dependency circle, also when each in it is deleted in the foreground', async (t) => {
  const circle = await makeCircle('circle-all', 4);
  await Promise.all(circle.map((each) => bed.remove(CONFIG_MAPS, each, 'Foreground')));
  for (const each of circle) await bed.whenGone(CONFIG_MAPS, each);
  t.pass();
});

test('should support cascading deletion of custom resources', async (t) => {
  const kind = await bed.define(customKind('cascades', 'Cascade', false));
  const owner = await bed.make(kind, { name: 'owner' });
  const dependent = await bed.make(kind, { name: 'dependent' }, [ownerReferenceTo(owner)]);
  await bed.remove(kind, owner, 'Background');
  await bed.whenGone(kind, dependent);
  t.is(await bed.find(kind, owner), undefined);
});

test('should support orphan deletion of custom resources', async (t) => {
  const kind = await bed.define(customKind('orphans', 'Orphan', false));
  const owner = await bed.make(kind, { name: 'owner' });
  const dependent = await bed.make(kind, { name: 'dependent' }, [ownerReferenceTo(owner)]);
  await whenDeleted(kind, owner, 'Orphan');
  await bed.collector.whenIdle();
  await waitUntil('the reference to be out', async () => {
    return (await bed.find(kind, dependent))?.metadata.ownerReferences === undefined;
  });
  t.truthy(await bed.find(kind, dependent));
});
