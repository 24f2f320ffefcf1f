import test from 'ava';
import fc from 'fast-check';
import { CPU_OVERCOMMIT, type NodeCandidate, type PlacementDemand, planPlacement } from './plan.ts';

const GIB = 2 ** 30;
const node = (name: string, overrides: Partial<NodeCandidate> = {}): NodeCandidate => ({
  name,
  unavailableBecause: undefined,
  allocatableMemoryBytes: 8 * GIB,
  allocatableCpus: 2,
  usedMemoryBytes: 0,
  usedCpus: 0,
  ...overrides,
});
const demand = (overrides: Partial<PlacementDemand> = {}): PlacementDemand => ({
  memoryBytes: GIB,
  cpus: 1,
  pinnedNodeName: undefined,
  ...overrides,
});

test('takes the least allocated node, the first by name among equals', (t) => {
  t.deepEqual(planPlacement(demand(), [node('b'), node('a')]), { placed: true, nodeName: 'a' });
  const busy = node('a', { usedMemoryBytes: 2 * GIB });
  t.deepEqual(planPlacement(demand(), [busy, node('b')]), { placed: true, nodeName: 'b' });
});

test('a pinned VM goes to its node or nowhere', (t) => {
  const busy = node('a', { usedMemoryBytes: 6 * GIB });
  t.deepEqual(planPlacement(demand({ pinnedNodeName: 'a' }), [busy, node('b')]), {
    placed: true,
    nodeName: 'a',
  });
  const missing = planPlacement(demand({ pinnedNodeName: 'c' }), [busy, node('b')]);
  t.like(missing, { placed: false, reason: 'NoNodeAvailable' });
  t.regex(missing.placed ? '' : missing.message, /names c, which is not a Node/);
});

test('failures name the node, what it lacks, and what to do', (t) => {
  const none = planPlacement(demand(), []);
  t.is(none.placed ? '' : none.message, 'there is no Node yet. Start holt-node on a host');
  const cordoned = planPlacement(demand(), [
    node('a', { unavailableBecause: 'is cordoned (spec.unschedulable)' }),
  ]);
  t.regex(cordoned.placed ? '' : cordoned.message, /a is cordoned .*uncordon/);
  const full = planPlacement(demand({ memoryBytes: 9 * GIB }), [node('a')]);
  t.like(full, { placed: false, reason: 'InsufficientCapacity' });
  t.regex(
    full.placed ? '' : full.message,
    /a has 8192Mi of 8192Mi memory free, 9216Mi needed.*Lower spec.memory/,
  );
  const cpus = planPlacement(demand({ cpus: 17 }), [node('a')]);
  t.regex(cpus.placed ? '' : cpus.message, /16 of 16 virtual cpus free/);
});

const anyNode = fc.record({
  name: fc.constantFrom('a', 'b', 'c', 'd'),
  unavailableBecause: fc.option(fc.constant('is not Ready'), { nil: undefined }),
  allocatableMemoryBytes: fc.integer({ min: 0, max: 16 }),
  allocatableCpus: fc.integer({ min: 0, max: 4 }),
  usedMemoryBytes: fc.integer({ min: 0, max: 20 }),
  usedCpus: fc.integer({ min: 0, max: 40 }),
});
const anyDemand = fc.record({
  memoryBytes: fc.integer({ min: 1, max: 16 }),
  cpus: fc.integer({ min: 1, max: 8 }),
  pinnedNodeName: fc.option(fc.constantFrom('a', 'b', 'c', 'd', 'e'), { nil: undefined }),
});

test('places exactly when some allowed node has room, and never where there is none', (t) => {
  fc.assert(
    fc.property(anyDemand, fc.uniqueArray(anyNode, { selector: ({ name }) => name }), (asked, nodes) => {
      const hasRoom = (each: NodeCandidate) =>
        each.unavailableBecause === undefined &&
        (asked.pinnedNodeName ?? each.name) === each.name &&
        each.usedMemoryBytes + asked.memoryBytes <= each.allocatableMemoryBytes &&
        each.usedCpus + asked.cpus <= each.allocatableCpus * CPU_OVERCOMMIT;
      const placement = planPlacement(asked, nodes);
      if (!placement.placed) return !nodes.some(hasRoom) && placement.message.length > 0;
      return nodes.some((each) => each.name === placement.nodeName && hasRoom(each));
    }),
  );
  t.pass();
});

test('the order of the nodes does not matter', (t) => {
  fc.assert(
    fc.property(anyDemand, fc.uniqueArray(anyNode, { selector: ({ name }) => name }), (asked, nodes) => {
      const [forth, back] = [planPlacement(asked, nodes), planPlacement(asked, nodes.toReversed())];
      t.deepEqual(forth.placed && forth.nodeName, back.placed && back.nodeName);
    }),
  );
});
