import { mkdir, mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import test, { type ExecutionContext } from 'ava';
import { VmmCgroups } from './vmm-cgroups.ts';
import { vmmLimitsOf } from './vmm-limits.ts';

/** Plain files in the place of the kernel's: what is written is what is looked at. */
async function fakeCgroupMount(t: ExecutionContext, controllers: string): Promise<string> {
  const mount = await mkdtemp(join(tmpdir(), 'holt-cgroup-'));
  t.teardown(() => rm(mount, { recursive: true }));
  await writeFile(join(mount, 'cgroup.controllers'), controllers);
  return mount;
}

test('a VMM gets a cgroup with limits of memory, cpu and pids', async (t) => {
  const mount = await fakeCgroupMount(t, 'cpuset cpu io memory hugetlb pids\n');
  const cgroups = await VmmCgroups.open(mount);
  const start = await cgroups?.prepare('vm-1', { memoryBytes: 1000, cpus: 1.5, pids: 70 });
  t.is(start?.at(-1), join(mount, 'holt/vm-1/cgroup.procs'));
  const read = (name: string) => readFile(join(mount, 'holt/vm-1', name), 'utf8');
  t.is(await read('memory.max'), '1000');
  t.is(await read('memory.swap.max'), '0');
  t.is(await read('cpu.max'), '150000 100000');
  t.is(await read('pids.max'), '70');
  t.is(await readFile(join(mount, 'holt/cgroup.subtree_control'), 'utf8'), '+cpu +memory +pids');
});

test('a host without cgroup v2, or without a controller, has no limits', async (t) => {
  t.is(await VmmCgroups.open('/nowhere'), undefined);
  t.is(await VmmCgroups.open(await fakeCgroupMount(t, 'cpu pids')), undefined);
});

test('removing what is gone or in use is no failure', async (t) => {
  const mount = await fakeCgroupMount(t, 'cpu memory pids');
  const cgroups = await VmmCgroups.open(mount);
  await cgroups?.release('vm-1');
  await mkdir(join(mount, 'holt/vm-2'));
  await cgroups?.release('vm-2');
  t.deepEqual(await readdir(join(mount, 'holt')), ['cgroup.subtree_control']);
});

test('a VMM has room beyond its guest, and more under emulation', (t) => {
  const boot = { cpus: 2, memoryBytes: 1024 ** 3 };
  t.is(vmmLimitsOf(boot, 'kvm').memoryBytes, 1024 ** 3 + 256 * 1024 ** 2);
  t.is(vmmLimitsOf(boot, 'kvm').cpus, 2.5);
  t.true(vmmLimitsOf(boot, 'emulated').memoryBytes > vmmLimitsOf(boot, 'kvm').memoryBytes);
});
