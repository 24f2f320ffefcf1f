import { deepStrictEqual, match, strictEqual } from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { type VmmProcess, vmConfig } from '../../testing/vmm-process.ts';
import { type Check, failed, infoOf, play, type Step } from '../check.ts';

const area = 'states';
const booted = (vmm: VmmProcess): Step[] => [
  ['vm.create', vmConfig(vmm.dir), 204],
  ['vm.boot', undefined, 204],
];
const transition = (from: string, to: string) => `Invalid transition: InvalidStateTransition(${from}, ${to})`;
const notPaused = failed(
  'The VM could not be paused',
  'Cannot pause VM',
  'Failed to pause migratable component',
  transition('Paused', 'Paused'),
);
const notResumed = failed(
  'The VM could not resume',
  'Cannot resume VM',
  'Failed to resume migratable component',
  transition('Running', 'Running'),
);

export const stateChecks: readonly Check[] = [
  {
    area,
    title: 'pause and resume, each once',
    needs: 'machine',
    run: async (bench) => {
      const vmm = await bench.start();
      await play(vmm, [
        ...booted(vmm),
        ['vm.resume', undefined, 500, notResumed],
        ['vm.pause', undefined, 204, ''],
        ['vm.pause', undefined, 500, notPaused],
      ]);
      strictEqual((await infoOf(vmm)).state, 'Paused');
      await play(vmm, [['vm.resume', undefined, 204, '']]);
      strictEqual((await infoOf(vmm)).state, 'Running');
    },
  },
  {
    area,
    title: 'a paused VM takes calls, and runs after a reboot',
    needs: 'machine',
    run: async (bench) => {
      const vmm = await bench.start();
      await play(vmm, [
        ...booted(vmm),
        ['vm.pause', undefined, 204],
        ['vm.nmi', undefined, 204, ''],
        ['vm.resize', { desired_vcpus: 1 }, 204, ''],
        ['vm.resize-disk', { id: 'data', desired_size: 32 << 20 }, 204, ''],
        ['GET vm.counters', undefined, 200],
        ['vm.reboot', undefined, 204, ''],
      ]);
      strictEqual((await infoOf(vmm)).state, 'Running');
    },
  },
  {
    area,
    title: 'events tell a life, one indented object after another',
    needs: 'machine',
    run: async (bench) => {
      const vmm = await bench.start();
      const calls = ['boot', 'pause', 'resume', 'reboot', 'shutdown', 'delete'];
      await play(vmm, [
        ['vm.create', vmConfig(vmm.dir), 204],
        ...calls.map((call) => [`vm.${call}`, undefined, 204] as const),
        ['vmm.shutdown', undefined, 200],
      ]);
      await vmm.ended;
      deepStrictEqual(vmm.events(), [
        'vmm starting',
        ...['booting', 'booted', 'pausing', 'paused', 'resuming', 'resumed', 'rebooting', 'rebooted'].map(
          (event) => `vm ${event}`,
        ),
        ...['vm shutdown', 'vm deleted', 'vmm shutdown'],
      ]);
      const form =
        /^\{\n {2}"timestamp": \{\n {4}"secs": \d+,\n {4}"nanos": \d+\n {2}\},\n {2}"source": "vmm",\n {2}"event": "starting",\n {2}"properties": null\n\}\n\n/;
      match(readFileSync(vmm.path('events'), 'utf8'), form);
    },
  },
  {
    area,
    title: 'a refused change of state is announced all the same',
    needs: 'machine',
    run: async (bench) => {
      const vmm = await bench.start();
      await play(vmm, [...booted(vmm), ['vm.resume', undefined, 500], ['vm.boot', undefined, 500]]);
      deepStrictEqual(vmm.events(), ['vmm starting', 'vm booting', 'vm booted', 'vm resuming']);
    },
  },
];
