import { deepStrictEqual, strictEqual } from 'node:assert/strict';
import { existsSync, statSync } from 'node:fs';
import { vmConfig } from '../../testing/vmm-process.ts';
import { type Check, failed, infoOf, play } from '../check.ts';

const area = 'lifecycle';
const mib = 1024 * 1024;

export const lifecycleChecks: readonly Check[] = [
  {
    area,
    title: 'before create there is nothing to act on',
    run: async (bench) =>
      play(await bench.start(), [
        ['GET vm.info', undefined, 404, failed('The VM info is not available', 'VM is not created')],
        ['GET vm.counters', undefined, 500, failed('The VM info is not available', 'VM is not running')],
        ['vm.boot', undefined, 404, failed('The VM could not boot', 'VM config is missing')],
        ['vm.shutdown', undefined, 500, failed('The VM could not shutdown', 'VM is not running')],
        ['vm.reboot', undefined, 404, failed('The VM could not reboot', 'VM is not created')],
        ['vm.pause', undefined, 500, failed('The VM could not be paused', 'VM is not running')],
        ['vm.resume', undefined, 500, failed('The VM could not resume', 'VM is not running')],
        ['vm.power-button', undefined, 500, failed('Error triggering power button', 'VM is not running')],
        ['vm.resize', {}, 404, failed('The VM could not be resized', 'VM is not created')],
        ['vm.delete', undefined, 204],
      ]),
  },
  {
    area,
    title: 'create keeps the configuration, once, until delete',
    run: async (bench) => {
      const vmm = await bench.start();
      await play(vmm, [
        ['vm.create', { ...vmConfig(vmm.dir), unknown_field: 1 }, 204, ''],
        ['vm.create', vmConfig(vmm.dir), 500, failed('The VM could not be created', 'VM is already created')],
      ]);
      const info = await infoOf(vmm);
      strictEqual(info.state, 'Created');
      strictEqual(info.memory_actual_size, 64 * mib);
      strictEqual('unknown_field' in info.config, false);
      await play(vmm, [
        ['vm.delete', undefined, 204, ''],
        ['GET vm.info', undefined, 404],
      ]);
    },
  },
  {
    area,
    title: 'a created VM changes its size in the configuration',
    run: async (bench) => {
      const vmm = await bench.start();
      await play(vmm, [
        ['vm.create', vmConfig(vmm.dir), 204],
        ['vm.resize', { desired_vcpus: 2, desired_ram: 128 * mib }, 204, ''],
        [
          'vm.resize-disk',
          { id: 'data', desired_size: 32 * mib },
          500,
          failed('The disk could not be resized', 'Failed resizing a disk image'),
        ],
      ]);
      const { config } = await infoOf(vmm);
      deepStrictEqual([config.cpus.boot_vcpus, config.memory.size], [2, 128 * mib]);
    },
  },
  {
    area,
    title: 'boot, shutdown and boot again',
    needs: 'machine',
    run: async (bench) => {
      const vmm = await bench.start();
      await play(vmm, [
        ['vm.create', vmConfig(vmm.dir), 204],
        ['vm.boot', undefined, 204, ''],
        ['vm.boot', undefined, 500, failed('The VM could not boot', 'VM is already created')],
      ]);
      strictEqual((await infoOf(vmm)).state, 'Running');
      await play(vmm, [['vm.shutdown', undefined, 204, '']]);
      strictEqual((await infoOf(vmm)).state, 'Created');
      await play(vmm, [
        ['vm.boot', undefined, 204],
        ['vm.delete', undefined, 204],
        ['GET vm.info', undefined, 404],
      ]);
    },
  },
  {
    area,
    title: 'counters of the disks',
    needs: 'machine',
    run: async (bench) => {
      const vmm = await bench.start();
      await play(vmm, [
        ['vm.create', vmConfig(vmm.dir), 204],
        ['vm.boot', undefined, 204],
      ]);
      const counters = JSON.parse((await vmm.call('GET', 'vm.counters')).body) as Record<string, object>;
      deepStrictEqual(Object.keys(counters).sort(), ['_disk0', 'data']);
      const names = Object.keys(counters.data ?? {}).filter((name) => !name.includes('latency'));
      deepStrictEqual(names.sort(), ['read_bytes', 'read_ops', 'write_bytes', 'write_ops']);
    },
  },
  {
    area,
    title: 'a running VM is resized within what its configuration allows',
    needs: 'machine',
    run: async (bench) => {
      const vmm = await bench.start();
      const resized = (...causes: string[]) => failed('The VM could not be resized', ...causes);
      const disk = 'The disk could not be resized';
      await play(vmm, [
        ['vm.create', vmConfig(vmm.dir), 204],
        ['vm.boot', undefined, 204],
        ['vm.resize', { desired_vcpus: 1 }, 204, ''],
        [
          'vm.resize',
          { desired_vcpus: 2 },
          500,
          resized('Error from CPU manager', 'Requested vCPUs exceed maximum'),
        ],
        ['vm.resize', { desired_vcpus: 0 }, 500, resized('Error from CPU manager', 'Requested zero vCPUs')],
        [
          'vm.resize',
          { desired_ram: (64 + 128) * mib },
          500,
          resized('Memory manager error', 'Not enough space in the hotplug RAM region'),
        ],
        [
          'vm.resize',
          { desired_ram: 65 * mib },
          500,
          resized('Memory manager error', 'The requested hotplug memory addition is not a valid size'),
        ],
        [
          'vm.resize',
          { desired_balloon: mib },
          500,
          resized('Error from device manager', "Missing virtio-balloon, can't proceed as expected"),
        ],
        [
          'vm.resize-disk',
          { id: 'nope', desired_size: 32 * mib },
          500,
          failed(
            disk,
            'Error from device manager',
            'Failed to find device corresponding to the given identifier: nope',
          ),
        ],
        ['vm.resize-disk', { id: 'data', desired_size: 32 * mib }, 204, ''],
        [
          'vm.resize-zone',
          { id: 'z', desired_ram: 1 },
          500,
          failed('The memory zone could not be resized', 'Failed resizing a memory zone'),
        ],
      ]);
      strictEqual(statSync(vmm.path('data.raw')).size, 32 * mib);
    },
  },
  {
    area,
    title: 'a boot whose kernel cannot be opened leaves a VM that must be shut down',
    needs: 'machine',
    run: async (bench) => {
      const vmm = await bench.start();
      const words = 'The VM could not boot';
      const noKernel = failed(words, 'Cannot open kernel file', 'No such file or directory (os error 2)');
      await play(vmm, [
        ['vm.create', { ...vmConfig(vmm.dir), payload: { kernel: vmm.path('none') } }, 204],
        ['vm.boot', undefined, 500, noKernel],
        ['vm.boot', undefined, 500, failed(words, 'VM is already created')],
      ]);
      strictEqual((await infoOf(vmm)).state, 'Created');
      await play(vmm, [
        ['GET vm.counters', undefined, 200],
        ['vm.shutdown', undefined, 204],
        ['vm.boot', undefined, 500, noKernel],
        ['vm.reboot', undefined, 500, failed('The VM could not reboot', ...noKernel.slice(2))],
        ['vm.counters', undefined, 400],
        ['GET vm.counters', undefined, 500, failed('The VM info is not available', 'VM is not running')],
      ]);
    },
  },
  {
    area,
    title: 'a boot whose disk cannot be opened loses the disks: the next one boots without',
    needs: 'machine',
    run: async (bench) => {
      const vmm = await bench.start();
      await play(vmm, [
        ['vm.create', { ...vmConfig(vmm.dir), disks: [{ path: vmm.path('none') }] }, 204],
        [
          'vm.boot',
          undefined,
          500,
          failed(
            'The VM could not boot',
            'Error from device manager',
            'Cannot open disk path',
            `I/O error (path=${vmm.path('none')} op=open)`,
            'No such file or directory (os error 2)',
          ),
        ],
      ]);
      strictEqual((await infoOf(vmm)).config.disks, undefined);
      await play(vmm, [
        ['vm.boot', undefined, 204],
        ['GET vm.counters', undefined, 200, '{}'],
      ]);
    },
  },
  {
    area,
    title: 'vmm.shutdown ends the process in order; the lock stays',
    run: async (bench) => {
      const vmm = await bench.start();
      await play(vmm, [
        ['vm.create', vmConfig(vmm.dir), 204],
        ['vmm.shutdown', undefined, 200, ''],
      ]);
      deepStrictEqual(await vmm.ended, { code: 0, signal: null });
      deepStrictEqual(
        ['api.sock', 'api.sock.lock'].map((name) => existsSync(vmm.path(name))),
        [false, true],
      );
    },
  },
  {
    area,
    title: 'SIGTERM ends a running VM in order, its vsock socket too',
    needs: 'machine',
    run: async (bench) => {
      const vmm = await bench.start();
      await play(vmm, [
        ['vm.create', vmConfig(vmm.dir), 204],
        ['vm.boot', undefined, 204],
      ]);
      vmm.child.kill('SIGTERM');
      strictEqual((await vmm.ended).code, 0);
      deepStrictEqual(
        ['api.sock', 'v.sock'].map((name) => existsSync(vmm.path(name))),
        [false, false],
      );
    },
  },
];
