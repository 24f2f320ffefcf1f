import test from 'ava';
import { VmFailure } from '../api-failure.ts';
import { readVmConfig } from '../config/vm-config.ts';
import { DeviceSlots } from './device-slots.ts';

/** A VM with the console off, so that the first disk has the first address. */
const configOf = (devices: object) =>
  readVmConfig(JSON.stringify({ payload: { kernel: '/k' }, console: { mode: 'Off' }, ...devices }));

test('devices are named and placed in the order in which the VMM makes them', (t) => {
  const config = configOf({ disks: [{}, { id: 'data' }], net: [{}], vsock: { cid: 3, socket: '/v' } });
  const slots = new DeviceSlots(config);
  t.deepEqual(
    config.disks?.map(({ id }) => id),
    ['_disk0', 'data'],
  );
  t.is(config.net?.[0]?.id, '_net1');
  t.is(config.vsock?.id, '_vsock2');
  t.deepEqual(slots.place(slots.nextName('disk')), { id: '_disk3', bdf: '0000:00:06.0' });
});

test('a name is counted though nothing came of it; one that is taken is passed over', (t) => {
  const slots = new DeviceSlots(configOf({ disks: [{ id: '_disk0' }] }));
  t.is(slots.nextName('disk'), '_disk1');
  t.is(slots.nextName('net'), '_net2');
});

test('an address is free again when the guest has let the device go, its id too', (t) => {
  const slots = new DeviceSlots(configOf({}));
  const { bdf } = slots.place('hot');
  const refused = { instanceOf: VmFailure, message: /Invalid identifier as it is not unique: hot$/ };
  t.throws(() => slots.checkId('hot'), refused);
  slots.release('hot');
  t.notThrows(() => slots.checkId('hot'));
  t.is(slots.place('other').bdf, bdf);
  t.throws(() => slots.checkId('__rng'), { message: /Invalid identifier: __rng$/ });
});

test('a bus holds 31 devices', (t) => {
  const slots = new DeviceSlots(configOf({}));
  for (let count = 0; count < 30; count += 1) slots.place(`d${count}`);
  t.throws(() => slots.place('more'), { instanceOf: VmFailure, message: /No PCI slot is free/ });
});
