import test from 'ava';
import type { ApiObject, ObjectMeta, OwnerReference, Stored } from '../../crds/meta/meta.ts';
import type { ResourceAddress } from '../../crds/meta/resource-definition.ts';
import { isInWaitingCircle } from './circles.ts';
import { OwnershipGraph } from './graph.ts';
import { CONFIG_MAPS, customKind } from './testing/collector-bed.ts';

const WIDGETS = customKind('widgets', 'Widget');

/** A graph, and what it wants looked at since one last asked. */
function newGraph() {
  const told: string[] = [];
  const graph = new OwnershipGraph(
    {
      object: ({ uid }) => told.push(uid),
      virtualOwner: ({ uid }) => told.push(`virtual ${uid}`),
      ownerGone: ({ reference }) => told.push(`gone ${reference.uid}`),
    },
    () => 0,
  );
  return { graph, news: () => [...new Set(told.splice(0))].sort() };
}

let revision = 0;

/** An object whose UID is its name. */
function object(
  resource: ResourceAddress,
  name: string,
  owners: readonly (string | OwnerReference)[] = [],
  metadata: Pick<ObjectMeta, 'namespace' | 'finalizers' | 'deletionTimestamp'> = {},
): { resource: ResourceAddress; object: Stored<ApiObject> } {
  revision += 1;
  const ownerReferences = owners.map((owner) => (typeof owner === 'string' ? reference(owner) : owner));
  const meta = { namespace: 'team', name, uid: name, resourceVersion: String(revision), ownerReferences };
  return { resource, object: { apiVersion: 'v1', kind: resource.kind, metadata: { ...meta, ...metadata } } };
}

function reference(name: string, fields: Partial<OwnerReference> = {}): OwnerReference {
  const apiVersion = 'gc.example.com/v1';
  return { apiVersion, kind: 'Widget', name, uid: name, blockOwnerDeletion: true, ...fields };
}

const WAITING = { deletionTimestamp: '2026-01-01T00:00:00Z', finalizers: ['foregroundDeletion'] };
const ORPHANING = { deletionTimestamp: '2026-01-01T00:00:00Z', finalizers: ['orphan'] };

test('an owner that nobody has seen is asked for, until it is seen or nobody names it', (t) => {
  const { graph, news } = newGraph();
  graph.observe(object(CONFIG_MAPS, 'a', ['owner']));
  t.deepEqual(news(), ['virtual owner']);
  t.is(graph.virtualCount, 1);
  graph.observe(object(WIDGETS, 'owner'));
  t.deepEqual([news(), graph.virtualCount], [[], 0]);
  graph.observe(object(CONFIG_MAPS, 'b', ['other']));
  t.deepEqual([news(), graph.virtualCount, graph.size], [['virtual other'], 1, 4]);
  graph.observe(object(CONFIG_MAPS, 'b', []));
  t.deepEqual([news(), graph.virtualCount, graph.size], [[], 0, 3]);
});

test('the end of an owner concerns its dependents, and the owner that waited for it', (t) => {
  const { graph, news } = newGraph();
  const middle = object(WIDGETS, 'middle', ['top']);
  graph.observe(object(WIDGETS, 'top'));
  graph.observe(middle);
  graph.observe(object(CONFIG_MAPS, 'leaf', ['middle']));
  graph.observe(object(WIDGETS, 'top', [], WAITING));
  t.deepEqual(news(), ['middle', 'top']);
  graph.remove(WIDGETS, middle.object);
  t.deepEqual(news(), ['gone middle', 'leaf', 'top']);
  t.is(graph.get('middle'), undefined);
});

test('a change that is none to owners, finalizers or deletion concerns nobody', (t) => {
  const { graph, news } = newGraph();
  graph.observe(object(WIDGETS, 'owner'));
  graph.observe(object(CONFIG_MAPS, 'a', ['owner']));
  graph.observe(object(CONFIG_MAPS, 'a', ['owner']));
  graph.observe(object(WIDGETS, 'owner', [], { finalizers: ['example.com/x'] }));
  t.deepEqual(news(), []);
});

test('a dependent that ceases to block, or to name it, wakes the owner that waits', (t) => {
  const { graph, news } = newGraph();
  graph.observe(object(WIDGETS, 'owner', [], WAITING));
  graph.observe(object(CONFIG_MAPS, 'a', ['owner']));
  graph.observe(object(CONFIG_MAPS, 'b', ['owner']));
  t.deepEqual(news(), ['a', 'b', 'owner']);
  graph.observe(object(CONFIG_MAPS, 'a', [reference('owner', { blockOwnerDeletion: false })]));
  t.deepEqual(news(), ['a', 'owner']);
  graph.observe(object(CONFIG_MAPS, 'b', []));
  t.deepEqual(news(), ['owner']);
});

test('an orphaning owner is looked at, and its dependents are not', (t) => {
  const { graph, news } = newGraph();
  graph.observe(object(WIDGETS, 'owner'));
  graph.observe(object(CONFIG_MAPS, 'a', ['owner']));
  graph.observe(object(WIDGETS, 'owner', [], ORPHANING));
  t.deepEqual(news(), ['owner']);
});

test('whoever names an owner that is not what it says is looked at, whichever was seen first', (t) => {
  const { graph, news } = newGraph();
  const wrongs = [reference('owner', { name: 'x' }), reference('owner', { kind: 'Gadget' })];
  for (const [index, wrong] of wrongs.entries())
    graph.observe(object(CONFIG_MAPS, `before-${index}`, [wrong]));
  graph.observe(object(CONFIG_MAPS, 'before-far', ['owner'], { namespace: 'elsewhere' }));
  graph.observe(
    object(CONFIG_MAPS, 'before-right', [reference('owner', { apiVersion: 'gc.example.com/v2' })]),
  );
  news();
  graph.observe(object(WIDGETS, 'owner'));
  t.deepEqual(news(), ['before-0', 'before-1', 'before-far']);
  for (const [index, wrong] of wrongs.entries())
    graph.observe(object(CONFIG_MAPS, `after-${index}`, [wrong]));
  graph.observe(object(CONFIG_MAPS, 'after-far', ['owner'], { namespace: 'elsewhere' }));
  graph.observe(object(CONFIG_MAPS, 'after-right', ['owner']));
  t.deepEqual(news(), ['after-0', 'after-1', 'after-far']);
  t.is(graph.get('owner')?.claims().size, 5);
});

test('a kind that cannot be watched any more leaves virtual owners, and nothing else', (t) => {
  const { graph, news } = newGraph();
  const owner = object(WIDGETS, 'owner');
  const free = object(WIDGETS, 'free');
  for (const each of [owner, free, object(CONFIG_MAPS, 'a', ['owner'])]) graph.observe(each);
  graph.forget(WIDGETS, owner.object);
  graph.forget(WIDGETS, free.object);
  t.deepEqual([news(), graph.size, graph.virtualCount], [['virtual owner'], 2, 1]);
  graph.recheckVirtualOwners();
  t.deepEqual(news(), ['virtual owner']);
  graph.observe(owner);
  t.deepEqual([news(), graph.virtualCount], [[], 0]);
});

test('what another watch shows of a kind does not end with the first', (t) => {
  const { graph } = newGraph();
  const owner = object(WIDGETS, 'owner');
  graph.observe(owner);
  graph.observe({ ...owner, resource: { ...WIDGETS, version: 'v2' } });
  graph.forget(WIDGETS, owner.object);
  graph.remove(WIDGETS, owner.object);
  t.truthy(graph.get('owner')?.seen);
});

test('a circle is one only when all in it wait and block', (t) => {
  const { graph } = newGraph();
  const isInCircle = (uid: string) => {
    const node = graph.get(uid);
    return node !== undefined && isInWaitingCircle(node);
  };
  graph.observe(object(WIDGETS, 'a', ['c'], WAITING));
  graph.observe(object(WIDGETS, 'b', ['a'], WAITING));
  graph.observe(object(WIDGETS, 'c', ['b']));
  t.deepEqual(['a', 'b', 'c'].map(isInCircle), [false, false, false]);
  graph.observe(object(WIDGETS, 'c', ['b'], WAITING));
  graph.observe(object(WIDGETS, 'leaf', ['c'], WAITING));
  t.deepEqual(['a', 'b', 'c', 'leaf'].map(isInCircle), [true, true, true, false]);
  graph.observe(object(WIDGETS, 'b', [reference('a', { blockOwnerDeletion: false })], WAITING));
  t.deepEqual(['a', 'b', 'c'].map(isInCircle), [false, false, false]);
  graph.observe(object(WIDGETS, 'self', ['self'], WAITING));
  t.true(isInCircle('self'));
});
