import { deepStrictEqual, match, ok, strictEqual } from 'node:assert/strict';
import { mkdirSync, readdirSync, readFileSync, statSync } from 'node:fs';
import { tinyKernelGreeting } from '../../testing/tiny-kernel.ts';
import { textOf, type VmmProcess, vmConfig, waitFor } from '../../testing/vmm-process.ts';
import { type Check, failed, infoOf, play, type Step } from '../check.ts';

const area = 'snapshots';
const words = 'The VM could not be snapshotted';
const restored = 'The VM could not be restored';
const notSent = 'Failed to send migratable component snapshot';

function folder(vmm: VmmProcess): string {
  mkdirSync(vmm.path('snapshot'), { recursive: true });
  return `file://${vmm.path('snapshot')}`;
}

/** Writes a paused VM to the folder. */
const written = (vmm: VmmProcess): Step[] => [
  ['vm.create', vmConfig(vmm.dir), 204],
  ['vm.boot', undefined, 204],
  ['vm.pause', undefined, 204],
  ['vm.snapshot', { destination_url: folder(vmm) }, 204, ''],
];

export const snapshotChecks: readonly Check[] = [
  {
    area,
    title: 'only a VM that was booted is written out',
    run: async (bench) => {
      const vmm = await bench.start();
      const target = { destination_url: folder(vmm) };
      await play(vmm, [
        ['vm.snapshot', target, 500, failed(words, 'VM is not running')],
        ['vm.create', vmConfig(vmm.dir), 204],
        ['vm.snapshot', target, 500, failed(words, 'VM is not running')],
      ]);
    },
  },
  {
    area,
    title: 'a running VM is not written out',
    needs: 'machine',
    run: async (bench) => {
      const vmm = await bench.start();
      await play(vmm, [
        ['vm.create', vmConfig(vmm.dir), 204],
        ['vm.boot', undefined, 204],
        [
          'vm.snapshot',
          { destination_url: folder(vmm) },
          500,
          failed(
            words,
            'Cannot snapshot VM',
            'Failed to snapshot migratable component',
            'Trying to snapshot while VM is running',
          ),
        ],
      ]);
      deepStrictEqual(readdirSync(vmm.path('snapshot')), []);
    },
  },
  {
    area,
    title: 'a restore needs a folder with a configuration, and no VM',
    run: async (bench) => {
      const vmm = await bench.start();
      const url = folder(vmm);
      const none = vmm.path('none');
      const cannot = (...causes: string[]) => failed(restored, 'Cannot restore VM', ...causes);
      await play(vmm, [
        ['vm.restore', { source_url: 'nope' }, 500, cannot(notSent, 'Could not extract path from URL: nope')],
        [
          'vm.restore',
          { source_url: `file://${none}` },
          500,
          cannot(notSent, `Destination is not a directory: "${none}"`),
        ],
        [
          'vm.restore',
          { source_url: url },
          500,
          cannot(
            'Failed to receive migratable component snapshot',
            `Error opening VM config snapshot file "${vmm.path('snapshot')}/config.json"`,
            'No such file or directory (os error 2)',
          ),
        ],
        ['GET vm.info', undefined, 404],
        ['vm.create', vmConfig(vmm.dir), 204],
        ['vm.restore', { source_url: url }, 500, failed(restored, 'VM is already created')],
      ]);
    },
  },
  {
    area,
    title: 'a paused VM is written to three files, once, and goes on',
    needs: 'snapshot',
    run: async (bench) => {
      const vmm = await bench.start();
      await play(vmm, written(vmm));
      deepStrictEqual(readdirSync(vmm.path('snapshot')).sort(), [
        'config.json',
        'memory-ranges',
        'state.json',
      ]);
      strictEqual(statSync(vmm.path('snapshot/config.json')).mode & 0o077, 0);
      const config = JSON.parse(readFileSync(vmm.path('snapshot/config.json'), 'utf8')) as object;
      deepStrictEqual(config, JSON.parse(JSON.stringify((await infoOf(vmm)).config)));
      strictEqual((await infoOf(vmm)).state, 'Paused');
      await play(vmm, [
        [
          'vm.snapshot',
          { destination_url: folder(vmm) },
          500,
          failed(
            words,
            'Cannot send VM snapshot',
            notSent,
            'Error creating VM config snapshot file',
            'File exists (os error 17)',
          ),
        ],
        ['vm.resume', undefined, 204, ''],
      ]);
      strictEqual((await infoOf(vmm)).state, 'Running');
    },
  },
  {
    area,
    title: 'another process restores it: paused, and running after a resume',
    needs: 'snapshot',
    run: async (bench) => {
      const first = await bench.start();
      await play(first, [...written(first), ['vmm.shutdown', undefined, 200]]);
      await first.ended;
      const second = await bench.start({ dir: first.dir });
      await play(second, [['vm.restore', { source_url: folder(second) }, 204, '']]);
      strictEqual((await infoOf(second)).state, 'Paused');
      await play(second, [['vm.resume', undefined, 204, '']]);
      strictEqual((await infoOf(second)).state, 'Running');
      deepStrictEqual(second.events(), [
        'vmm starting',
        ...['restoring', 'restored', 'resuming', 'resumed'].map((event) => `vm ${event}`),
      ]);
    },
  },
  {
    area,
    title: 'a restore can resume at once',
    needs: 'snapshot',
    run: async (bench) => {
      const vmm = await bench.start();
      await play(vmm, [
        ...written(vmm),
        ['vm.delete', undefined, 204],
        ['vm.restore', { source_url: folder(vmm), resume: true }, 204, ''],
      ]);
      strictEqual((await infoOf(vmm)).state, 'Running');
    },
  },
  {
    area,
    title: 'a restored guest goes on where it was',
    needs: 'guest',
    run: async (bench) => {
      const vmm = await bench.start();
      await play(vmm, [
        ['vm.create', vmConfig(vmm.dir), 204],
        ['vm.boot', undefined, 204],
      ]);
      await waitFor(() => textOf(vmm.path('console.log')).includes(tinyKernelGreeting));
      await play(vmm, [
        ['vm.pause', undefined, 204],
        ['vm.snapshot', { destination_url: folder(vmm) }, 204],
        ['vm.delete', undefined, 204],
        ['vm.restore', { source_url: folder(vmm), resume: true }, 204],
        ['vm.power-button', undefined, 204],
      ]);
      deepStrictEqual(await vmm.ended, { code: 0, signal: null });
      // It heeded the press without booting: it greets only at its boot.
      ok(!textOf(vmm.path('console.log')).includes(tinyKernelGreeting));
      match(vmm.events().join(), /vm restored/);
    },
  },
];
