import { spawnSync } from 'node:child_process';
import { mkdirSync } from 'node:fs';
import { connectVsock } from '../../../lib/hybrid-vsock.ts';
import { tinyKernelGreeting } from '../testing/tiny-kernel.ts';
import { textOf, type VmmProcess, vmConfig, waitFor } from '../testing/vmm-process.ts';
import { Bench, type Need } from './check.ts';

/** How long a guest may take for its first word, unless said otherwise. */
export const guestWaitMsDefault = 15_000;
/** How long a connection to the guest may take. */
const vsockWaitMs = 4_000;

/** Tries on this machine what a check needs. Returns why it can't be had, undefined where it can. */
export async function probe(binary: string, need: Need, guestWaitMs: number): Promise<string | undefined> {
  const bench = new Bench(binary);
  try {
    const vmm = await bench.start();
    await vmm.call('PUT', 'vm.create', vmConfig(vmm.dir));
    const boot = await vmm.call('PUT', 'vm.boot');
    if (boot.statusCode !== 204) return `no VM boots here: ${lastCause(boot.body)}`;
    return await (need === 'machine' ? undefined : probes[need](vmm, guestWaitMs));
  } finally {
    await bench.close();
  }
}

type Probe = (vmm: VmmProcess, guestWaitMs: number) => Promise<string | undefined>;

const probes: Readonly<Record<Exclude<Need, 'machine'>, Probe>> = {
  network: async () => {
    const { status } = spawnSync('unshare', ['--net', 'true'], { stdio: 'ignore' });
    return status === 0 ? undefined : 'no network namespace can be made here';
  },
  snapshot: async (vmm) => {
    mkdirSync(vmm.path('snapshot'));
    await vmm.call('PUT', 'vm.pause');
    const answer = await vmm.call('PUT', 'vm.snapshot', {
      destination_url: `file://${vmm.path('snapshot')}`,
    });
    return answer.statusCode === 204 ? undefined : `no VM can be written out here: ${lastCause(answer.body)}`;
  },
  vsock: async (vmm) => {
    const connected = connectVsock(vmm.path('v.sock'), 1027).then(
      (socket) => {
        socket.destroy();
        return true;
      },
      () => false,
    );
    const late = new Promise<boolean>((resolve) => setTimeout(() => resolve(false), vsockWaitMs).unref());
    return (await Promise.race([connected, late])) ? undefined : 'no guest takes vsock connections here';
  },
  guest: async (vmm, guestWaitMs) => {
    try {
      await waitFor(() => textOf(vmm.path('console.log')).includes(tinyKernelGreeting), guestWaitMs);
      return undefined;
    } catch {
      return 'no guest kernel comes up here';
    }
  },
};

/** The first line of the cause that the others go back to. */
function lastCause(body: string): string {
  try {
    const causes: unknown = JSON.parse(body);
    return String(Array.isArray(causes) ? causes.at(-1) : causes).split('\n')[0] ?? '';
  } catch {
    return body;
  }
}
