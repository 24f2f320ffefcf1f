import { deepStrictEqual, match, ok, strictEqual } from 'node:assert/strict';
import { type VmmProcess, vmConfig } from '../../testing/vmm-process.ts';
import { type Check, failed, infoOf, play, type Step } from '../check.ts';

const area = 'devices';
const added = {
  disk: 'The disk could not be added to the VM',
  net: 'The network device could not be added to the VM',
  vsock: 'The vsock device could not be added to the VM',
  fs: 'The fs could not be added to the VM',
  device: 'The device could not be added to the VM',
  userDevice: 'The user device could not be added to the VM',
};
const removed = 'The device could not be removed from the VM';
const manager = 'Error from device manager';
const invalid = 'Failed to validate config';
const unknown = (id: string) =>
  failed(removed, manager, `Failed to find device corresponding to the given identifier: ${id}`);

/** Taps of a check are nobody else's. */
const ownNetwork = ['unshare', '--net'];

/** A VM with one disk, so that `root.raw` is free to be added. */
function oneDisk(vmm: VmmProcess): object {
  return {
    ...vmConfig(vmm.dir),
    disks: [{ path: vmm.path('data.raw'), id: 'data', image_type: 'Raw' }],
  };
}

const created = (vmm: VmmProcess): Step[] => [['vm.create', oneDisk(vmm), 204]];
const booted = (vmm: VmmProcess): Step[] => [...created(vmm), ['vm.boot', undefined, 204]];
const disk = (vmm: VmmProcess, id?: string) => ({
  path: vmm.path('root.raw'),
  image_type: 'Raw',
  ...(id === undefined ? {} : { id }),
});

async function diskIds(vmm: VmmProcess): Promise<(string | undefined)[]> {
  return ((await infoOf(vmm)).config.disks ?? []).map(({ id }) => id);
}

/** Adds a device and returns the answer of a hot-plug. */
async function plug(vmm: VmmProcess, call: string, body: object): Promise<{ id: string; bdf: string }> {
  const answer = await vmm.call('PUT', call, body);
  strictEqual(answer.statusCode, 200, answer.body);
  const info = JSON.parse(answer.body) as { id: string; bdf: string };
  deepStrictEqual(Object.keys(info), ['id', 'bdf']);
  match(info.bdf, /^0000:00:[01][0-9a-f]\.0$/);
  return info;
}

export const deviceChecks: readonly Check[] = [
  {
    area,
    title: 'without a VM nothing is added or removed',
    run: async (bench) => {
      const vmm = await bench.start();
      const absent = 'VM is not created';
      await play(vmm, [
        ['vm.add-disk', disk(vmm), 404, failed(added.disk, absent)],
        ['vm.add-net', {}, 404, failed(added.net, absent)],
        ['vm.add-vsock', { cid: 3, socket: vmm.path('v2') }, 404, failed(added.vsock, absent)],
        ['vm.add-fs', { tag: 'x', socket: vmm.path('fs') }, 404, failed(added.fs, absent)],
        ['vm.remove-device', { id: 'x' }, 404, failed(removed, absent)],
      ]);
    },
  },
  {
    area,
    title: 'a created VM takes and loses devices in its configuration',
    run: async (bench) => {
      const vmm = await bench.start();
      await play(vmm, [
        ...created(vmm),
        ['vm.add-disk', disk(vmm, 'cold'), 204, ''],
        ['vm.add-disk', disk(vmm, 'cold'), 500, failed(added.disk, invalid, 'Identifier cold is not unique')],
        ['vm.add-net', { tap: 'ht-none', mac: '02:00:00:00:00:01', id: 'nic' }, 204, ''],
        [
          'vm.add-vsock',
          { cid: 4, socket: vmm.path('v2') },
          500,
          failed(added.vsock, 'Too many virtio-vsock devices'),
        ],
      ]);
      deepStrictEqual(await diskIds(vmm), ['data', 'cold']);
      await play(vmm, [
        ['vm.remove-device', { id: 'cold' }, 204, ''],
        ['vm.remove-device', { id: 'cold' }, 500, failed(removed, 'No device with id "cold" to remove')],
        ['vm.remove-device', { id: 'nic' }, 204, ''],
      ]);
      deepStrictEqual(await diskIds(vmm), ['data']);
    },
  },
  {
    area,
    title: 'a disk added to a running VM is in its configuration and counters until removed',
    needs: 'machine',
    run: async (bench) => {
      const vmm = await bench.start();
      await play(vmm, booted(vmm));
      strictEqual((await plug(vmm, 'vm.add-disk', disk(vmm, 'hot'))).id, 'hot');
      deepStrictEqual(await diskIds(vmm), ['data', 'hot']);
      ok((await vmm.call('GET', 'vm.counters')).body.includes('"hot"'));
      await play(vmm, [
        ['vm.remove-device', { id: 'hot' }, 204, ''],
        ['vm.remove-device', { id: 'hot' }, 500, unknown('hot')],
      ]);
      deepStrictEqual(await diskIds(vmm), ['data']);
    },
  },
  {
    area,
    title: 'a device added without an id gets the next one, and an address of its own',
    needs: 'machine',
    run: async (bench) => {
      const vmm = await bench.start();
      await play(vmm, booted(vmm));
      const first = await plug(vmm, 'vm.add-disk', disk(vmm));
      strictEqual(first.id, '_disk1');
      strictEqual(first.bdf, '0000:00:04.0');
    },
  },
  {
    area,
    title: 'an added disk survives shutdown and boot',
    needs: 'machine',
    run: async (bench) => {
      const vmm = await bench.start();
      await play(vmm, booted(vmm));
      await plug(vmm, 'vm.add-disk', disk(vmm, 'hot'));
      await play(vmm, [
        ['vm.shutdown', undefined, 204],
        ['vm.boot', undefined, 204],
      ]);
      deepStrictEqual(await diskIds(vmm), ['data', 'hot']);
    },
  },
  {
    area,
    title: 'a disk that cannot be added leaves the VM as it was',
    needs: 'machine',
    run: async (bench) => {
      const vmm = await bench.start();
      const none = vmm.path('none');
      const data = vmm.path('data.raw');
      await play(vmm, [
        ...booted(vmm),
        [
          'vm.add-disk',
          { path: none, image_type: 'Raw' },
          500,
          failed(
            added.disk,
            manager,
            'Cannot open disk path',
            `I/O error (path=${none} op=open)`,
            'No such file or directory (os error 2)',
          ),
        ],
        [
          'vm.add-disk',
          { id: 'x' },
          500,
          failed(added.disk, manager, 'No disk path was specified when one was expected'),
        ],
        ['vm.add-disk', disk(vmm, 'data'), 500, failed(added.disk, invalid, 'Identifier data is not unique')],
        [
          'vm.add-disk',
          { path: data, image_type: 'Raw' },
          500,
          failed(
            added.disk,
            manager,
            'Cannot lock images of all block devices',
            `Failed to get Write lock for disk image: ${data}`,
            'The file is already locked',
          ),
        ],
        [
          'vm.add-disk',
          { ...disk(vmm), serial: 'x'.repeat(21) },
          500,
          failed(added.disk, invalid, 'Block device serial length (21) exceeds maximum allowed length (20)'),
        ],
      ]);
      deepStrictEqual(await diskIds(vmm), ['data']);
    },
  },
  {
    area,
    title: 'a network device is refused for its tap or MTU',
    needs: 'machine',
    run: async (bench) => {
      const vmm = await bench.start();
      const long = 'x'.repeat(20);
      await play(vmm, [
        ...booted(vmm),
        [
          'vm.add-net',
          { tap: long },
          500,
          failed(
            added.net,
            manager,
            'Cannot create virtio-net device',
            'Failed to open taps',
            'Open tap device failed',
            `Interface name too long (max length is 15): ${long}`,
          ),
        ],
        [
          'vm.add-net',
          { tap: 'ht-none', mtu: 1000 },
          500,
          failed(
            added.net,
            invalid,
            'Provided MTU 1000 is lower than 1280 (expected by VIRTIO specification)',
          ),
        ],
      ]);
      strictEqual((await infoOf(vmm)).config.net, undefined);
    },
  },
  {
    area,
    title: 'a network device added to a running VM is in its configuration until removed',
    needs: 'network',
    run: async (bench) => {
      const vmm = await bench.start({ launcher: ownNetwork });
      await play(vmm, booted(vmm));
      const { id } = await plug(vmm, 'vm.add-net', { tap: 'ht-conf', mac: '02:00:00:00:00:01' });
      strictEqual(id, '_net1');
      deepStrictEqual(
        (await infoOf(vmm)).config.net?.map(({ tap }) => tap),
        ['ht-conf'],
      );
      await play(vmm, [
        ['vm.remove-device', { id }, 204, ''],
        ['vm.remove-device', { id }, 500, unknown(id)],
      ]);
    },
  },
  {
    area,
    title: 'a reboot ends what a removal began: the id and the disk are free',
    needs: 'machine',
    run: async (bench) => {
      const vmm = await bench.start();
      await play(vmm, booted(vmm));
      await plug(vmm, 'vm.add-disk', disk(vmm, 'hot'));
      await play(vmm, [
        ['vm.remove-device', { id: 'hot' }, 204],
        ['vm.reboot', undefined, 204],
      ]);
      await plug(vmm, 'vm.add-disk', disk(vmm, 'hot'));
    },
  },
  {
    area,
    title: 'a VM has one vsock device, which can be removed',
    needs: 'machine',
    run: async (bench) => {
      const vmm = await bench.start();
      const second = { cid: 4, socket: vmm.path('v2') };
      await play(vmm, [
        ...booted(vmm),
        ['vm.add-vsock', second, 500, failed(added.vsock, 'Too many virtio-vsock devices')],
        ['vm.remove-device', { id: '_vsock0' }, 204, ''],
      ]);
      strictEqual((await infoOf(vmm)).config.vsock, undefined);
    },
  },
  {
    area,
    title: 'a shared directory needs shared memory',
    needs: 'machine',
    run: async (bench) => {
      const vmm = await bench.start();
      const why = (what: string) => `Using ${what} requires using shared memory or huge pages`;
      const fs = { tag: 'x', socket: vmm.path('fs'), num_queues: 1, queue_size: 128 };
      const device = { socket: vmm.path('none') };
      await play(vmm, [
        ...created(vmm),
        ['vm.add-fs', fs, 500, failed(added.fs, invalid, why('vhost-user'))],
        ['vm.add-user-device', device, 500, failed(added.userDevice, invalid, why('user devices'))],
        ['vm.boot', undefined, 204],
        ['vm.add-fs', fs, 500, failed(added.fs, invalid, why('vhost-user'))],
        ['vm.add-user-device', device, 500, failed(added.userDevice, invalid, why('user devices'))],
      ]);
    },
  },
  {
    area,
    title: 'a device of the host must be named',
    run: async (bench) => {
      const vmm = await bench.start();
      const why = 'VFIO device config must specify `path=` or `fd=`';
      await play(vmm, [...created(vmm), ['vm.add-device', {}, 500, failed(added.device, invalid, why)]]);
    },
  },
  {
    area,
    title: 'what is not there, or must stay, is not removed',
    needs: 'machine',
    run: async (bench) => {
      const vmm = await bench.start();
      const why = 'Not allowed to remove this type of device from the VM: rng';
      await play(vmm, [
        ...booted(vmm),
        ['vm.remove-device', { id: 'nope' }, 500, unknown('nope')],
        ['vm.remove-device', { id: '__rng' }, 500, failed(removed, manager, why)],
      ]);
    },
  },
];
