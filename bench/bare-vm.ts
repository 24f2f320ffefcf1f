import { type ChildProcess, spawn } from 'node:child_process';
import { mkdtemp, rm } from 'node:fs/promises';
import { request } from 'node:http';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import type { GuestImage } from '../crds/guestimage/definition.ts';
import { type HoltConfig, statePaths } from '../lib/config.ts';
import { connectVsock } from '../lib/hybrid-vsock.ts';
import { runChecked, runCommand } from '../lib/run-command.ts';

const GUEST_INFO_PORT = 1027;
const BOOT_TIMEOUT_MS = 120_000;

function put(socketPath: string, call: string, body: object | undefined): Promise<void> {
  const payload = body === undefined ? '' : JSON.stringify(body);
  const headers = { 'content-type': 'application/json', 'content-length': Buffer.byteLength(payload) };
  return new Promise((resolve, reject) => {
    const outgoing = request({ socketPath, path: `/api/v1/${call}`, method: 'PUT', headers }, (response) => {
      response.resume();
      response.on('end', () => {
        if ((response.statusCode ?? 500) < 300) resolve();
        else reject(new Error(`${call}: ${response.statusCode}`));
      });
    });
    outgoing.on('error', reject);
    outgoing.end(payload);
  });
}

async function untilDone(work: () => Promise<void>): Promise<void> {
  const deadline = performance.now() + BOOT_TIMEOUT_MS;
  for (;;) {
    try {
      return await work();
    } catch (error) {
      if (performance.now() > deadline) throw error;
    }
    await sleep(50);
  }
}

/** Reads the guest's information line: what Holt too waits for before it calls a VM booted. */
async function guestAnswers(socketPath: string): Promise<void> {
  const socket = await connectVsock(socketPath, GUEST_INFO_PORT, { timeoutMs: 1000 });
  try {
    for await (const _chunk of socket) return;
    throw new Error('the guest closed without a word');
  } finally {
    socket.destroy();
  }
}

/**
 * Boots the image with a minimal script and nothing of Holt: spawn the VMM, create, boot, wait until the guest
 * answers. Holt's own overhead is measured against it.
 * @returns milliseconds from spawn to the guest's first answer
 */
export async function bootBareVm(config: HoltConfig, image: GuestImage): Promise<number> {
  const folder = await mkdtemp(join(config.stateDir, 'b-'));
  const path = (name: string) => join(folder, name);
  const artifact = join(statePaths(config.stateDir).images, image.spec.digest.slice('sha256:'.length));
  const tap = 'ht-bench';
  const inNetns = ['ip', 'netns', 'exec', config.netns];
  let vmm: ChildProcess | undefined;
  try {
    const begin = performance.now();
    await runChecked(runCommand, ['truncate', '-s', '1G', path('data.raw')]);
    await runChecked(runCommand, ['mkfs.ext4', '-q', '-L', 'holt-data', path('data.raw')]);
    await runChecked(runCommand, ['ip', '-n', config.netns, 'tuntap', 'add', tap, 'mode', 'tap']);
    await runChecked(runCommand, ['ip', '-n', config.netns, 'link', 'set', tap, 'up']);
    const [file = '', ...args] = [...inNetns, config.vmm.binary, '--api-socket', `path=${path('a.sock')}`];
    vmm = spawn(file, args, { stdio: 'ignore' });
    const vmConfig = {
      payload: {
        kernel: join(artifact, image.spec.kernel.name),
        initramfs: join(artifact, image.spec.initramfs.name),
        cmdline: `${image.spec.cmdline} holt.vm_id=vm-bench holt.user=bench holt.ip=10.66.200.1/16 holt.gw=10.66.0.1 holt.recycle=0`,
      },
      cpus: { boot_vcpus: 1, max_vcpus: 1 },
      memory: { size: 1024 ** 3 },
      disks: [
        { path: join(artifact, image.spec.rootDisk.name), readonly: true, serial: 'root', image_type: 'Raw' },
        { path: path('data.raw'), readonly: false, serial: 'data', image_type: 'Raw' },
      ],
      net: [{ tap, mac: '02:00:00:00:be:01' }],
      vsock: { cid: 3, socket: path('v.sock') },
      serial: { mode: 'File', file: path('console.log') },
      console: { mode: 'Off' },
    };
    await untilDone(() => put(path('a.sock'), 'vm.create', vmConfig));
    await put(path('a.sock'), 'vm.boot', undefined);
    await untilDone(() => guestAnswers(path('v.sock')));
    return performance.now() - begin;
  } finally {
    vmm?.kill('SIGKILL');
    await sleep(200);
    await runCommand(['ip', '-n', config.netns, 'link', 'delete', tap]);
    await rm(folder, { recursive: true, force: true });
  }
}
