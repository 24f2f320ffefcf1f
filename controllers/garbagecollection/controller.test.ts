import test from 'ava';
import { waitUntil } from '../../api/testing/wait-until.ts';
import { customResourceDefinitionDefinition } from '../../crds/customresourcedefinition/definition.ts';
import { type Event, eventDefinition } from '../../crds/event/definition.ts';
import type { ResourceAddress } from '../../crds/meta/resource-definition.ts';
import { namespaceDefinition } from '../../crds/namespace/definition.ts';
import { ownerReferenceTo } from '../runtime/index.ts';
import { CONFIG_MAPS, CollectorBed, customKind } from './testing/collector-bed.ts';

let bed: CollectorBed;
let widgets: ResourceAddress;
let zones: ResourceAddress;

test.before(async () => {
  bed = await CollectorBed.start();
  widgets = await bed.define(customKind('widgets', 'Widget'));
  zones = await bed.define(customKind('zones', 'Zone', false));
});

test.after.always(async () => bed?.dispose());

test('in the background: dependents of dependents go after their owner, over kinds defined at run time', async (t) => {
  await bed.makeNamespace('background');
  const at = (name: string) => ({ namespace: 'background', name });
  const zone = await bed.make(zones, { name: 'zone-background' });
  const widget = await bed.make(widgets, at('widget'), [ownerReferenceTo(zone)]);
  const leaf = await bed.make(CONFIG_MAPS, at('leaf'), [ownerReferenceTo(widget)]);
  await bed.make(CONFIG_MAPS, at('stranger'));
  await bed.remove(zones, zone);
  await bed.whenGone(CONFIG_MAPS, leaf);
  t.deepEqual(await bed.namesWhenIdle(CONFIG_MAPS, 'background'), ['stranger']);
  t.deepEqual(await bed.namesWhenIdle(widgets, 'background'), []);
});

test('in the foreground: owners go after their blocking dependents, all levels deep', async (t) => {
  await bed.makeNamespace('foreground');
  const at = (name: string) => ({ namespace: 'foreground', name });
  const top = await bed.make(widgets, at('top'));
  const middle = await bed.make(widgets, at('middle'), [ownerReferenceTo(top)]);
  const leaf = await bed.make(CONFIG_MAPS, at('leaf'), [ownerReferenceTo(middle)], {
    finalizers: ['example.com/hold'],
  });
  const loose = { blockOwnerDeletion: false, controller: false };
  const free = await bed.make(CONFIG_MAPS, at('free'), [ownerReferenceTo(top, loose)], {
    finalizers: ['example.com/hold'],
  });
  await bed.remove(widgets, top, 'Foreground');
  for (const each of [leaf, free]) {
    await waitUntil('the leaf to be on its way', async () => {
      return (await bed.find(CONFIG_MAPS, each))?.metadata.deletionTimestamp !== undefined;
    });
  }
  t.deepEqual(await bed.namesWhenIdle(widgets, 'foreground'), ['middle', 'top']);
  await bed.client.patch(CONFIG_MAPS, at('leaf'), { metadata: { finalizers: null } });
  await bed.whenGone(widgets, top);
  t.is(await bed.find(widgets, middle), undefined);
  t.deepEqual(await bed.namesWhenIdle(CONFIG_MAPS, 'foreground'), ['free']);
  await bed.client.patch(CONFIG_MAPS, at('free'), { metadata: { finalizers: null } });
});

test('a dependent that waits no more lets its owner go', async (t) => {
  await bed.makeNamespace('unblocked');
  const at = (name: string) => ({ namespace: 'unblocked', name });
  const owner = await bed.make(widgets, at('owner'));
  const held = await bed.make(CONFIG_MAPS, at('held'), [ownerReferenceTo(owner)], {
    finalizers: ['example.com/hold'],
  });
  await bed.remove(widgets, owner, 'Foreground');
  t.deepEqual(await bed.namesWhenIdle(widgets, 'unblocked'), ['owner']);
  const reference = ownerReferenceTo(owner, { blockOwnerDeletion: false });
  await bed.client.patch(CONFIG_MAPS, at('held'), { metadata: { ownerReferences: [reference] } });
  await bed.whenGone(widgets, owner);
  t.truthy(await bed.find(CONFIG_MAPS, held));
  await bed.client.patch(CONFIG_MAPS, at('held'), { metadata: { finalizers: null } });
});

test('orphaned dependents stay, each without that reference alone', async (t) => {
  await bed.makeNamespace('orphan');
  const at = (name: string) => ({ namespace: 'orphan', name });
  const owner = await bed.make(widgets, at('owner'));
  const other = await bed.make(widgets, at('other'));
  const both = [ownerReferenceTo(owner), ownerReferenceTo(other, { controller: false })];
  const kept = await bed.make(CONFIG_MAPS, at('kept'), both);
  const custom = await bed.make(widgets, at('custom'), [ownerReferenceTo(owner)]);
  await bed.remove(widgets, owner, 'Orphan');
  await bed.whenGone(widgets, owner);
  t.deepEqual(await bed.namesWhenIdle(widgets, 'orphan'), ['custom', 'other']);
  const ownersOf = async (resource: ResourceAddress, object: typeof kept) =>
    (await bed.find(resource, object))?.metadata.ownerReferences?.map(({ name }) => name);
  t.deepEqual(await ownersOf(CONFIG_MAPS, kept), ['other']);
  t.is(await ownersOf(widgets, custom), undefined);
});

test('an object made for an owner that is gone, or whose name another has now, is collected', async (t) => {
  await bed.makeNamespace('late');
  const at = (name: string) => ({ namespace: 'late', name });
  const old = await bed.make(widgets, at('owner'));
  await bed.remove(widgets, old);
  await bed.make(widgets, at('owner'));
  const late = await bed.make(CONFIG_MAPS, at('late'), [ownerReferenceTo(old)]);
  await bed.whenGone(CONFIG_MAPS, late);
  t.deepEqual(await bed.namesWhenIdle(widgets, 'late'), ['owner']);
});

test('of those who name one UID differently, each goes or stays by what it names', async (t) => {
  await bed.makeNamespace('named');
  const at = (name: string) => ({ namespace: 'named', name });
  const owner = await bed.make(widgets, at('owner'));
  const right = ownerReferenceTo(owner);
  await bed.make(CONFIG_MAPS, at('right'), [right]);
  const wrong = await bed.make(CONFIG_MAPS, at('wrong'), [{ ...right, name: 'nobody' }]);
  const wrongKind = await bed.make(CONFIG_MAPS, at('wrong-kind'), [
    { ...right, kind: 'ConfigMap', apiVersion: 'v1' },
  ]);
  await bed.whenGone(CONFIG_MAPS, wrong);
  await bed.whenGone(CONFIG_MAPS, wrongKind);
  t.deepEqual(await bed.namesWhenIdle(CONFIG_MAPS, 'named'), ['right']);
  t.deepEqual(await bed.namesWhenIdle(widgets, 'named'), ['owner']);
});

test('an owner in another namespace is none, and an Event says so', async (t) => {
  await bed.makeNamespace('here');
  await bed.makeNamespace('there');
  const owner = await bed.make(widgets, { namespace: 'there', name: 'owner' });
  // An owner that is not known yet is asked for where the dependent is, and none is found.
  await bed.collector.whenIdle();
  const astray = await bed.make(CONFIG_MAPS, { namespace: 'here', name: 'astray' }, [
    ownerReferenceTo(owner),
  ]);
  await bed.whenGone(CONFIG_MAPS, astray);
  const { items } = await bed.client.listAll<Event>(eventDefinition, { namespace: 'here' });
  const [event] = items.filter(({ reason }) => reason === 'OwnerRefInvalidNamespace');
  t.is(event?.type, 'Warning');
  t.is(event?.involvedObject.name, 'astray');
  t.is(
    event?.message,
    `ownerRef [gc.example.com/v1/Widget, namespace: here, name: owner, uid: ${owner.metadata.uid}] does not exist in namespace "here"`,
  );
  t.truthy(await bed.find(widgets, owner));
});

test('a cluster-scoped object whose owner is in a namespace stays, and an Event says so', async (t) => {
  await bed.makeNamespace('scoped');
  const owner = await bed.make(widgets, { namespace: 'scoped', name: 'owner' });
  const zone = await bed.make(zones, { name: 'zone-scoped' }, [ownerReferenceTo(owner)]);
  await bed.collector.whenIdle();
  await bed.remove(widgets, owner);
  await bed.whenGone(widgets, owner);
  await bed.collector.whenIdle();
  t.truthy(await bed.find(zones, zone));
  const { items } = await bed.client.listAll<Event>(eventDefinition, { namespace: 'default' });
  const [event] = items.filter(({ involvedObject }) => involvedObject.name === 'zone-scoped');
  t.is(event?.reason, 'OwnerRefInvalidNamespace');
});

test('an owner of a kind that is not served deletes nothing; once it is, the dependent goes', async (t) => {
  await bed.makeNamespace('unserved');
  const gadgets = customKind('gadgets', 'Gadget');
  const reference = { apiVersion: 'gc.example.com/v1', kind: 'Gadget', name: 'g', uid: 'no-such-uid' };
  const odd = await bed.make(CONFIG_MAPS, { namespace: 'unserved', name: 'odd' }, [reference]);
  t.deepEqual(await bed.namesWhenIdle(CONFIG_MAPS, 'unserved'), ['odd']);
  await bed.define(gadgets);
  await bed.whenGone(CONFIG_MAPS, odd);
});

test('a definition goes with its objects, and their dependents after them', async (t) => {
  await bed.makeNamespace('definition');
  const gears = await bed.define(customKind('gears', 'Gear'));
  const gear = await bed.make(gears, { namespace: 'definition', name: 'gear' });
  const part = await bed.make(CONFIG_MAPS, { namespace: 'definition', name: 'part' }, [
    ownerReferenceTo(gear),
  ]);
  await bed.collector.whenIdle();
  await bed.client.delete(customResourceDefinitionDefinition, { name: 'gears.gc.example.com' });
  await bed.whenGone(CONFIG_MAPS, part);
  await bed.define(gears);
  const again = await bed.make(gears, { namespace: 'definition', name: 'again' });
  const next = await bed.make(CONFIG_MAPS, { namespace: 'definition', name: 'next' }, [
    ownerReferenceTo(again),
  ]);
  await bed.remove(gears, again, 'Foreground');
  await bed.whenGone(gears, again);
  t.is(await bed.find(CONFIG_MAPS, next), undefined);
});

test('a namespace that owns is an owner as any other', async (t) => {
  await bed.makeNamespace('owning');
  const namespace = await bed.client.get(namespaceDefinition, { name: 'owning' });
  const zone = await bed.make(zones, { name: 'zone-owning' }, [ownerReferenceTo(namespace)]);
  await bed.collector.whenIdle();
  t.truthy(await bed.find(zones, zone));
});

test('a kind is followed on when its versions change; references in one that is served no more hold', async (t) => {
  await bed.makeNamespace('versions');
  const at = (name: string) => ({ namespace: 'versions', name });
  const levers = await bed.define(customKind('levers', 'Lever'));
  const owner = await bed.make(levers, at('owner'));
  const reference = ownerReferenceTo(owner);
  const held = await bed.make(CONFIG_MAPS, at('held'), [reference], { finalizers: ['example.com/hold'] });
  await bed.collector.whenIdle();
  const schema = { openAPIV3Schema: { type: 'object', 'x-kubernetes-preserve-unknown-fields': true } };
  const versions = [
    { name: 'v2', served: true, storage: true, schema },
    { name: 'v1', served: false, storage: false, schema },
  ];
  const name = 'levers.gc.example.com';
  await bed.client.patch(customResourceDefinitionDefinition, { name }, { spec: { versions } });
  const newLevers = { ...levers, version: 'v2' };
  await waitUntil('v2 to be served', () => bed.client.list(newLevers).then(Boolean, () => false));
  await bed.make(CONFIG_MAPS, at('late'), [reference]);
  t.deepEqual(await bed.namesWhenIdle(CONFIG_MAPS, 'versions'), ['held', 'late']);
  await bed.remove(newLevers, owner, 'Foreground');
  await waitUntil('the held one to be on its way', async () => {
    return (await bed.find(CONFIG_MAPS, held))?.metadata.deletionTimestamp !== undefined;
  });
  t.deepEqual(await bed.namesWhenIdle(CONFIG_MAPS, 'versions'), ['held']);
  t.truthy(await bed.find(newLevers, owner));
  await bed.client.patch(CONFIG_MAPS, at('held'), { metadata: { finalizers: null } });
  await bed.whenGone(newLevers, owner);
});

test('writes that change no owner save nothing from collection', async (t) => {
  await bed.makeNamespace('busy');
  const at = (name: string) => ({ namespace: 'busy', name });
  const owner = await bed.make(widgets, at('owner'));
  const busy = await bed.make(CONFIG_MAPS, at('busy'), [ownerReferenceTo(owner)]);
  let isOver = false;
  const writing = (async () => {
    for (let count = 0; !isOver; count += 1) {
      const labels = { count: String(count) };
      await bed.client.patch(CONFIG_MAPS, at('busy'), { metadata: { labels } }).catch(() => {});
    }
  })();
  await bed.remove(widgets, owner);
  await bed.whenGone(CONFIG_MAPS, busy).finally(() => {
    isOver = true;
  });
  await writing;
  t.pass();
});
