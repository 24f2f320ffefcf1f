import test from 'ava';
import type { UserVm, UserVmStatus } from '../../crds/uservm/definition.ts';
import { planRoutes } from './plan-routes.ts';
import type { Route } from './route-table.ts';
import { fakeContainer, fakeUserVm } from './testing/fake-route-source.ts';

const SUBNET = '10.66.0.0/16';
const IP = '10.66.1.1';
const alice = fakeUserVm({ user: 'alice', ip: IP });
const both = [fakeContainer('alice', 'live'), fakeContainer('alice', 'dev')];
const live = (userVms: readonly UserVm[], containers = both) =>
  planRoutes(userVms, containers, SUBNET).get('alice/live');

test('a ready VM with ready containers serves both routes', (t) => {
  const table = planRoutes([alice], both, SUBNET);
  t.deepEqual([...table.keys()], ['alice/live', 'alice/dev']);
  t.deepEqual(table.get('alice/dev'), {
    user: 'alice',
    target: 'dev',
    state: 'ready',
    vmId: 'vm-alice',
    ip: IP,
    containerName: 'alice-dev',
    bootId: 'boot-alice',
    value: `ready|vm-alice|${IP}|alice-dev|boot-alice`,
  });
});

const PHASES: readonly (readonly [UserVmStatus['phase'], boolean, Route['state']])[] = [
  ['Pending', false, 'vm-pending'],
  ['Scheduled', false, 'vm-pending'],
  ['Provisioning', false, 'vm-starting'],
  ['Booting', false, 'vm-starting'],
  ['Running', false, 'vm-starting'],
  ['Running', true, 'ready'],
  ['Paused', false, 'vm-paused'],
  ['Suspending', false, 'vm-standby'],
  ['Standby', false, 'vm-standby'],
  ['Resuming', false, 'vm-starting'],
  ['Stopping', true, 'vm-stopped'],
  ['Stopped', false, 'vm-stopped'],
  ['Failed', false, 'vm-failed'],
  ['Deleting', true, 'vm-stopped'],
  [undefined, true, 'vm-pending'],
];

for (const [phase, isReady, state] of PHASES) {
  test(`phase ${phase}, Ready ${isReady}: ${state}`, (t) => {
    const vm = fakeUserVm({ user: 'alice', ip: IP, isReady });
    const route = live([{ ...vm, status: { ...vm.status, phase } }]);
    t.is(route?.state, state);
    t.is(route?.ip, ['vm-stopped', 'vm-standby'].includes(state) ? '' : IP);
  });
}

test('a VM without status, address or id is not served', (t) => {
  const { status: _, ...bare } = alice;
  t.is(live([bare])?.state, 'vm-pending');
  t.is(live([fakeUserVm({ user: 'alice' })])?.state, 'vm-starting');
  const { vmId: _id, ...withoutId } = alice.status ?? {};
  t.is(live([{ ...alice, status: withoutId }])?.state, 'vm-starting');
});

test('an address outside the VM network is never a route', (t) => {
  for (const ip of [
    '127.0.0.1',
    '10.67.1.1',
    '10.66.0.0',
    '10.66.0.1',
    '10.66.255.255',
    '10.66.1',
    'x',
    '10.66.1.1 ',
  ]) {
    const route = live([fakeUserVm({ user: 'alice', ip })]);
    t.is(route?.state, 'vm-starting', ip);
    t.is(route?.ip, '', ip);
  }
});

test('containers: missing, not ready, of another VM, of another namespace, being deleted', (t) => {
  t.is(live([alice], [])?.state, 'container-missing');
  t.is(live([alice], [fakeContainer('alice', 'dev')])?.state, 'container-missing');
  t.is(live([alice], [fakeContainer('bob', 'live')])?.state, 'container-missing');
  t.is(live([alice], [fakeContainer('alice', 'live', false)])?.state, 'container-not-ready');
  const container = fakeContainer('alice', 'live');
  const elsewhere = { ...container, metadata: { ...container.metadata, namespace: 'other' } };
  t.is(live([alice], [elsewhere])?.state, 'container-missing');
  const deleted = {
    ...container,
    metadata: { ...container.metadata, deletionTimestamp: '2026-01-01T00:00:00Z' },
  };
  t.is(live([alice], [deleted])?.state, 'container-missing');
  const stale = { ...container, status: { ...container.status, vmId: 'vm-of-before' } };
  t.is(live([alice], [stale])?.state, 'container-not-ready');
});

test('a VM that is being deleted is stopped; its successor has precedence', (t) => {
  const deleting = { ...alice, metadata: { ...alice.metadata, deletionTimestamp: '2026-01-01T00:00:00Z' } };
  t.is(live([deleting])?.state, 'vm-stopped');
  const successor = fakeUserVm({ user: 'alice', ip: '10.66.1.2', vmId: 'vm-next' });
  t.is(live([deleting, successor])?.vmId, 'vm-next');
  t.is(live([successor, deleting])?.vmId, 'vm-next');
});

test('the order of the inputs does not matter', (t) => {
  const older = fakeUserVm({ user: 'alice', ip: '10.66.1.3', vmId: 'vm-older' });
  older.metadata.creationTimestamp = '2025-01-01T00:00:00Z';
  t.is(live([alice, older])?.vmId, 'vm-older');
  t.deepEqual(
    new Map(planRoutes([older, alice], both.toReversed(), SUBNET)),
    new Map(planRoutes([alice, older], both, SUBNET)),
  );
});

test('an address that two VMs claim serves the older one alone', (t) => {
  const bob = fakeUserVm({ user: 'bob', ip: IP });
  bob.metadata.creationTimestamp = '2025-01-01T00:00:00Z';
  for (const vms of [
    [alice, bob],
    [bob, alice],
  ]) {
    const table = planRoutes(vms, [...both, fakeContainer('bob', 'live')], SUBNET);
    t.is(table.get('bob/live')?.state, 'ready');
    t.is(table.get('alice/live')?.state, 'vm-starting');
    t.is(table.get('alice/live')?.ip, '');
  }
});
