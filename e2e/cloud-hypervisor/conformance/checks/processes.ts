import { deepStrictEqual, match, strictEqual } from 'node:assert/strict';
import { existsSync, statSync, writeFileSync } from 'node:fs';
import { connect } from 'node:net';
import { connectVsock } from '../../../../lib/hybrid-vsock.ts';
import { tinyKernelGreeting } from '../../testing/tiny-kernel.ts';
import { textOf, type VmmProcess, vmConfig, waitFor } from '../../testing/vmm-process.ts';
import { type Check, failed, infoOf, play } from '../check.ts';

const area = 'processes';

async function boot(vmm: VmmProcess, config: object = vmConfig(vmm.dir)): Promise<void> {
  await play(vmm, [
    ['vm.create', config, 204],
    ['vm.boot', undefined, 204],
  ]);
}

/** What comes back for a line on the vsock socket before it is closed. */
async function sayToVsock(vmm: VmmProcess, line: string): Promise<string> {
  const socket = connect(vmm.path('v.sock'));
  let text = '';
  socket.on('error', () => {}).setEncoding('utf8');
  socket.on('data', (chunk: string) => {
    text += chunk;
  });
  socket.write(line);
  await waitFor(() => socket.destroyed || text !== '', 10_000);
  socket.destroy();
  return text;
}

export const processChecks: readonly Check[] = [
  {
    area,
    title: 'a stale API socket is replaced, a live one refused',
    run: async (bench) => {
      const first = await bench.start();
      const second = await bench.start({ dir: first.dir });
      strictEqual((await second.ended).code, 1);
      match(second.output, /already in use by another running instance/);
      first.child.kill('SIGKILL');
      await first.ended;
      strictEqual(existsSync(first.path('api.sock')), true);
      const third = await bench.start({ dir: first.dir });
      await play(third, [['GET vmm.ping', undefined, 200]]);
    },
  },
  {
    area,
    title: 'wrong command lines end with 2, failed starts with 1 and their causes',
    run: async (bench) => {
      const wrong = await bench.start({ args: ['--nope'] });
      strictEqual((await wrong.ended).code, 2);
      match(wrong.output, /error: unexpected argument '--nope' found/);
      const failedStart = await bench.start({ args: ['--log-file', '/none/x'] });
      strictEqual((await failedStart.ended).code, 1);
      match(
        failedStart.output,
        / {2}0: Error creating log file\n {2}1: No such file or directory \(os error 2\)/,
      );
    },
  },
  {
    area,
    title: 'a file in the vsock socket’s way is not cleared, and costs the VM its vsock device',
    needs: 'machine',
    run: async (bench) => {
      const vmm = await bench.start();
      writeFileSync(vmm.path('v.sock'), '');
      await play(vmm, [
        ['vm.create', vmConfig(vmm.dir), 204],
        [
          'vm.boot',
          undefined,
          500,
          failed(
            'The VM could not boot',
            'Error from device manager',
            'Cannot create virtio-vsock backend',
            'Error binding to the host-side Unix socket',
            'Address already in use (os error 98)',
          ),
        ],
      ]);
      strictEqual((await infoOf(vmm)).config.vsock, undefined);
    },
  },
  {
    area,
    title: 'the vsock socket is the owner’s alone and goes with the VM',
    needs: 'machine',
    run: async (bench) => {
      const vmm = await bench.start();
      await boot(vmm);
      strictEqual(statSync(vmm.path('v.sock')).mode & 0o077, 0);
      await play(vmm, [['vm.shutdown', undefined, 204]]);
      strictEqual(existsSync(vmm.path('v.sock')), false);
    },
  },
  {
    area,
    title: 'a disk that another VM writes is refused; its end frees it',
    needs: 'machine',
    run: async (bench) => {
      const first = await bench.start();
      await boot(first);
      const second = await bench.start();
      const path = first.path('data.raw');
      const locked = failed(
        'The VM could not boot',
        'Error locking disk images: Another instance likely holds a lock',
        'Cannot lock images of all block devices',
        `Failed to get Write lock for disk image: ${path}`,
        'The file is already locked',
      );
      await play(second, [
        ['vm.create', { ...vmConfig(second.dir), disks: [{ path, image_type: 'Raw' }] }, 204],
        ['vm.boot', undefined, 500, locked],
        ['vm.boot', undefined, 500, failed('The VM could not boot', 'VM is already created')],
      ]);
      first.child.kill('SIGKILL');
      await first.ended;
      await play(second, [
        ['vm.delete', undefined, 204],
        ['vm.create', { ...vmConfig(second.dir), disks: [{ path, image_type: 'Raw' }] }, 204],
        ['vm.boot', undefined, 204],
      ]);
    },
  },
  {
    area,
    title: 'a disk that is only read serves many VMs',
    needs: 'machine',
    run: async (bench) => {
      const first = await bench.start();
      await boot(first);
      const second = await bench.start();
      const disks = [{ path: first.path('root.raw'), readonly: true, image_type: 'Raw' }];
      await boot(second, { ...vmConfig(second.dir), disks });
    },
  },
  {
    area: 'vsock',
    title: 'CONNECT is answered by OK and a number; a port that nobody takes by a close',
    needs: 'vsock',
    run: async (bench) => {
      const vmm = await bench.start();
      await boot(vmm);
      match(await sayToVsock(vmm, 'CONNECT 1027\n'), /^OK \d+\n/);
      strictEqual(await sayToVsock(vmm, 'CONNECT 4444\n'), '');
    },
  },
  {
    area: 'vsock',
    title: 'what is no CONNECT is answered by a close',
    needs: 'vsock',
    run: async (bench) => {
      const vmm = await bench.start();
      await boot(vmm);
      for (const line of ['CONNECT\n', 'CONNECT x\n', 'HELLO 1027\n', `CONNECT ${' '.repeat(40)}1027\n`]) {
        strictEqual(await sayToVsock(vmm, line), '', line);
      }
    },
  },
  {
    area: 'vsock',
    title: 'a VM that was shut down takes no connection',
    needs: 'vsock',
    run: async (bench) => {
      const vmm = await bench.start();
      await boot(vmm);
      (await connectVsock(vmm.path('v.sock'), 1027)).destroy();
      await play(vmm, [['vm.shutdown', undefined, 204]]);
      const outcome = await connectVsock(vmm.path('v.sock'), 1027).then(
        () => 'taken',
        () => 'refused',
      );
      strictEqual(outcome, 'refused');
    },
  },
  {
    area: 'guest',
    title: 'a guest powers off at a press: the VMM ends with 0',
    needs: 'guest',
    run: async (bench) => {
      const vmm = await bench.start();
      await boot(vmm);
      await waitFor(() => textOf(vmm.path('console.log')).includes(tinyKernelGreeting));
      await play(vmm, [['vm.power-button', undefined, 204, '']]);
      deepStrictEqual(await vmm.ended, { code: 0, signal: null });
      deepStrictEqual(vmm.events().slice(-3), ['vm shutdown', 'vm deleted', 'vmm shutdown']);
    },
  },
  {
    area: 'guest',
    title: 'with --no-shutdown the VMM outlives its guest',
    needs: 'guest',
    run: async (bench) => {
      const vmm = await bench.start({ args: ['--no-shutdown'] });
      await boot(vmm);
      await waitFor(() => textOf(vmm.path('console.log')).includes(tinyKernelGreeting));
      await play(vmm, [['vm.power-button', undefined, 204]]);
      await waitFor(async () => (await infoOf(vmm)).state === 'Created');
      await play(vmm, [['vm.boot', undefined, 204]]);
    },
  },
  {
    area: 'guest',
    title: 'a rebooted guest starts anew',
    needs: 'guest',
    run: async (bench) => {
      const vmm = await bench.start();
      await boot(vmm);
      const greets = () => textOf(vmm.path('console.log')).includes(tinyKernelGreeting);
      await waitFor(greets);
      writeFileSync(vmm.path('console.log'), '');
      await play(vmm, [['vm.reboot', undefined, 204]]);
      await waitFor(greets);
    },
  },
];
