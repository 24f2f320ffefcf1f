import test from 'ava';
import { type HostFacts, labelsOf, lacksLabels, nodeStatusOf } from './node-object.ts';

const FACTS: HostFacts = {
  nodeName: 'node-1',
  mode: 'emulated',
  confinement: { hasCgroups: true, hasLandlock: undefined },
  hostname: 'host',
  architecture: 'amd64',
  kernelVersion: '6.1',
  osImage: 'Debian',
  bootId: 'b',
  machineId: 'm',
  vmmVersion: 'v53.0',
  cpuCount: 2,
  memoryBytes: 8 * 2 ** 30,
};

test('capacity is the host, allocatable leaves room for it, and a later look changes nothing', (t) => {
  const first = nodeStatusOf(FACTS, undefined, '2026-01-01T00:00:00Z');
  t.deepEqual(first.capacity, { cpu: '2', memory: '8388608Ki' });
  t.deepEqual(first.allocatable, { cpu: '2', memory: '7864320Ki' });
  t.like(first.conditions?.[0], { type: 'Ready', status: 'True' });
  t.deepEqual(nodeStatusOf(FACTS, first, '2026-01-01T00:10:00Z'), first);
});

test('a node that was given up comes back, and conditions of others stay', (t) => {
  const other = { type: 'Other', status: 'True' as const };
  const lost = { type: 'Ready', status: 'Unknown' as const, lastTransitionTime: '2026-01-01T00:00:00Z' };
  const status = nodeStatusOf(FACTS, { conditions: [other, lost] }, '2026-01-02T00:00:00Z');
  t.deepEqual(status.conditions?.[0], other);
  t.like(status.conditions?.[1], { status: 'True', lastTransitionTime: '2026-01-02T00:00:00Z' });
});

test('a host on which VMMs cannot be confined wholly says so, and takes it back', (t) => {
  const poor = { ...FACTS, confinement: { hasCgroups: false, hasLandlock: undefined } };
  const of = (status: ReturnType<typeof nodeStatusOf>) =>
    status.conditions?.find(({ type }) => type === 'VmmConfined');
  const first = nodeStatusOf(poor, undefined, '2026-01-01T00:00:00Z');
  t.like(of(first), { status: 'False', reason: 'NoCgroupV2', lastTransitionTime: '2026-01-01T00:00:00Z' });
  const second = nodeStatusOf(FACTS, first, '2026-01-02T00:00:00Z');
  t.like(of(second), { status: 'True', reason: 'Confined', lastTransitionTime: '2026-01-02T00:00:00Z' });
});

test('labels of others do not matter, missing own ones do', (t) => {
  t.false(lacksLabels({ metadata: { labels: { ...labelsOf(FACTS), zone: 'a' } } }, FACTS));
  t.true(lacksLabels({ metadata: { labels: { zone: 'a' } } }, FACTS));
  t.is(labelsOf(FACTS)['holt.dev/vmm-mode'], 'emulated');
});
