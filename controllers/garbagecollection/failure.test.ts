import test from 'ava';
import { waitUntil } from '../../api/testing/wait-until.ts';
import type { ApiObject, Stored } from '../../crds/meta/meta.ts';
import type { ResourceAddress } from '../../crds/meta/resource-definition.ts';
import { ownerReferenceTo } from '../runtime/index.ts';
import { crashingClient, refusingClient, slowClient } from './testing/broken-client.ts';
import { CONFIG_MAPS, CollectorBed, customKind } from './testing/collector-bed.ts';

let bed: CollectorBed;
let widgets: ResourceAddress;
let gadgets: ResourceAddress;

test.before(async () => {
  bed = await CollectorBed.start();
  widgets = await bed.define(customKind('widgets', 'Widget'));
  gadgets = await bed.define(customKind('gadgets', 'Gadget'));
});

test.after.always(async () => bed?.dispose());

/** A deletion of each policy, with whatever each of them can meet. Deletes when all of it is there. */
async function runScenario(namespace: string): Promise<void> {
  await bed.makeNamespace(namespace);
  const make = (resource: ResourceAddress, name: string, ...owners: Stored<ApiObject>[]) => {
    const references = owners.map((owner) => ownerReferenceTo(owner, { controller: false }));
    return bed.make(resource, { namespace, name }, references);
  };
  const lives = await make(widgets, 'lives');
  const front = await make(widgets, 'front');
  const middle = await make(widgets, 'middle', front);
  await make(CONFIG_MAPS, 'leaf', middle);
  await make(CONFIG_MAPS, 'front-and-lives', front, lives);
  const orphaned = await make(widgets, 'orphaned');
  await make(CONFIG_MAPS, 'left-1', orphaned);
  await make(widgets, 'left-2', orphaned, lives);
  const back = await make(widgets, 'back');
  await make(CONFIG_MAPS, 'back-1', back);
  await make(CONFIG_MAPS, 'back-and-lives', back, lives);
  await bed.remove(widgets, front, 'Foreground');
  await bed.remove(widgets, orphaned, 'Orphan');
  await bed.remove(widgets, back, 'Background');
}

/** What is there, with the names of its owners. */
async function outcome(namespace: string): Promise<string[]> {
  const found: string[] = [];
  for (const resource of [widgets, CONFIG_MAPS]) {
    const { items } = await bed.client.listAll(resource, { namespace });
    for (const { metadata } of items) {
      const owners = metadata.ownerReferences?.map(({ name }) => name).join('+') ?? '';
      const state = metadata.deletionTimestamp === undefined ? '' : ' (on its way)';
      found.push(`${metadata.name}:${owners}${state}`);
    }
  }
  return found.sort();
}

const OUTCOME = ['back-and-lives:lives', 'front-and-lives:lives', 'left-1:', 'left-2:lives', 'lives:'];

test.serial('wherever the collector ends, the next one ends where one alone would have', async (t) => {
  t.timeout(180_000);
  const undisturbed = crashingClient(bed.collectorClient, 0, false);
  await bed.restartCollector(undisturbed.client);
  await runScenario('alone');
  await waitUntil('the scenario to end', async () => (await outcome('alone')).length === OUTCOME.length);
  await bed.collector.whenIdle();
  t.deepEqual(await outcome('alone'), OUTCOME);
  const writes = undisturbed.writes();
  t.true(writes >= 9, `only ${writes} writes`);
  const namespaces: string[] = [];
  for (let at = 1; at <= writes; at += 1) {
    for (const isBefore of [true, false]) {
      const namespace = `crash-${at}-${isBefore ? 'before' : 'after'}`;
      namespaces.push(namespace);
      const hasEnded = async () => (await outcome(namespace)).join() === OUTCOME.join();
      const { client, hasCrashed } = crashingClient(bed.collectorClient, at, isBefore);
      await bed.restartCollector(client);
      await runScenario(namespace);
      // Conflicts make the number of writes differ: the last ones may not be needed.
      await waitUntil('the crash', async () => hasCrashed() || (await hasEnded()));
      await bed.restartCollector();
      await waitUntil(namespace, hasEnded);
    }
  }
  await bed.collector.whenIdle();
  for (const namespace of namespaces) t.deepEqual(await outcome(namespace), OUTCOME, namespace);
});

test.serial(
  'a kind that may not be read stops no other, is named, and its dependents are left alone',
  async (t) => {
    let isRefused = true;
    await bed.restartCollector(refusingClient(bed.collectorClient, 'gadgets', () => isRefused));
    const namespace = 'refused';
    await bed.makeNamespace(namespace);
    const gadget = await bed.make(gadgets, { namespace, name: 'gadget' });
    await bed.make(CONFIG_MAPS, { namespace, name: 'of-gadget' }, [ownerReferenceTo(gadget)]);
    const widget = await bed.make(widgets, { namespace, name: 'widget' });
    const part = await bed.make(CONFIG_MAPS, { namespace, name: 'of-widget' }, [ownerReferenceTo(widget)]);
    await bed.remove(widgets, widget, 'Foreground');
    await bed.whenGone(widgets, widget);
    t.is(await bed.find(CONFIG_MAPS, part), undefined);
    const named = 'holt_garbage_collection_unreadable{resource="gadgets.gc.example.com"} 1';
    await waitUntil('the metric to name it', async () => (await bed.collector.metricsText()).includes(named));
    await bed.remove(gadgets, gadget);
    await waitUntil('the collector to have asked in vain', async () =>
      /holt_controller_reconciles_total\{[^}]*garbagecollection-owners[^}]*error[^}]*\} [1-9]/.test(
        await bed.collector.metricsText(),
      ),
    );
    const { items } = await bed.client.listAll(CONFIG_MAPS, { namespace });
    t.deepEqual(
      items.map(({ metadata }) => metadata.name),
      ['of-gadget'],
    );
    isRefused = false;
    await waitUntil('the dependent to be gone', async () => {
      return (await bed.client.listAll(CONFIG_MAPS, { namespace })).items.length === 0;
    });
  },
);

test.serial(
  'a kind whose list takes its time delays nobody who is not waiting for a whole graph',
  async (t) => {
    const slow = Promise.withResolvers<void>();
    t.teardown(() => slow.resolve());
    await bed.restartCollector(slowClient(bed.collectorClient, 'gears', slow.promise));
    await bed.collector.whenIdle();
    const gears = await bed.define(customKind('gears', 'Gear'));
    const namespace = 'slow';
    await bed.makeNamespace(namespace);
    const unreadable = 'holt_garbage_collection_unreadable{resource="gears.gc.example.com"} 1';
    await waitUntil('it to be known', async () => (await bed.collector.metricsText()).includes(unreadable));
    const widget = await bed.make(widgets, { namespace, name: 'widget' });
    const part = await bed.make(CONFIG_MAPS, { namespace, name: 'part' }, [ownerReferenceTo(widget)]);
    await bed.remove(widgets, widget, 'Background');
    await bed.whenGone(CONFIG_MAPS, part);
    const orphaned = await bed.make(widgets, { namespace, name: 'orphaned' });
    const gear = await bed.make(gears, { namespace, name: 'gear' }, [ownerReferenceTo(orphaned)]);
    await bed.remove(widgets, orphaned, 'Orphan');
    const putOff = /reconciles_total\{[^}]*"garbagecollection"[^}]*requeue"[^}]*\} [4-9]/;
    await waitUntil('its end to be put off', async () => putOff.test(await bed.collector.metricsText()));
    t.truthy(await bed.find(widgets, orphaned));
    slow.resolve();
    await bed.whenGone(widgets, orphaned);
    await bed.collector.whenIdle();
    t.is((await bed.find(gears, gear))?.metadata.ownerReferences, undefined);
    t.truthy(await bed.find(gears, gear));
  },
);

test.serial(
  'an API server that comes back is followed on, and what was missed meanwhile is done',
  async (t) => {
    await bed.restartCollector();
    const namespace = 'outage';
    await bed.makeNamespace(namespace);
    const owner = await bed.make(widgets, { namespace, name: 'owner' });
    const part = await bed.make(CONFIG_MAPS, { namespace, name: 'part' }, [ownerReferenceTo(owner)]);
    await bed.collector.whenIdle();
    await bed.api.restartServer();
    await bed.remove(widgets, owner, 'Foreground');
    await bed.whenGone(widgets, owner);
    t.is(await bed.find(CONFIG_MAPS, part), undefined);
  },
);
