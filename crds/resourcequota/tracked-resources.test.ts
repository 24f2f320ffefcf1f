import test from 'ava';
import type { ApiObject } from '../meta/meta.ts';
import { amountNames, amountTaken, trackedResource } from './tracked-resources.ts';

const vms = { group: 'holt.dev', plural: 'uservms' };
const containers = { group: 'holt.dev', plural: 'sandboxcontainers' };
const snapshots = { group: 'holt.dev', plural: 'volumesnapshots' };
const snapshot = { spec: { size: '4Gi' } } as unknown as ApiObject;
const vm = { spec: { cpus: 2, memory: '1Gi', dataVolume: { size: '4Gi' } } } as unknown as ApiObject;
const container = { spec: { resources: { cpu: '500m', memory: '256Mi' } } } as unknown as ApiObject;

for (const [name, kind, object, amount] of [
  ['cpu', vms, vm, '2'],
  ['requests.cpu', vms, vm, '2'],
  ['memory', vms, vm, '1Gi'],
  ['requests.memory', vms, vm, '1Gi'],
  ['requests.storage', vms, vm, '4Gi'],
  ['volumesnapshots.holt.dev/requests.storage', snapshots, snapshot, '4Gi'],
  ['requests.storage', snapshots, snapshot, '0'],
  ['limits.memory', vms, vm, '0'],
  ['count/uservms.holt.dev', vms, vm, '1'],
  ['count/uservms', vms, vm, '0'],
  ['limits.cpu', containers, container, '500m'],
  ['limits.memory', containers, container, '256Mi'],
  ['requests.memory', containers, container, '0'],
  ['configmaps', { group: '', plural: 'configmaps' }, vm, '1'],
  ['count/configmaps', { group: '', plural: 'configmaps' }, vm, '1'],
  ['configmaps', { group: 'example.com', plural: 'configmaps' }, vm, '0'],
  ['count/events', { group: '', plural: 'events' }, vm, '0'],
  ['memory', { group: 'example.com', plural: 'uservms' }, vm, '0'],
] as const) {
  test(`of ${name} one of ${kind.plural}.${kind.group} takes ${amount}`, (t) => {
    t.is(amountTaken(name, kind, object).toString(), amount);
  });
}

test('what nothing here takes up is tracked by nobody', (t) => {
  for (const name of [
    'pods',
    'requests.example.com/dongle',
    'persistentvolumeclaims',
    'toString',
    'count/',
    'count/.x',
  ])
    t.is(trackedResource(name), undefined, name);
});

test('only machines and containers take more or less while they are there', (t) => {
  t.true(amountNames(vms).includes('requests.memory'));
  t.deepEqual(amountNames(containers), ['limits.cpu', 'limits.memory']);
  t.deepEqual(amountNames({ group: '', plural: 'configmaps' }), []);
});
