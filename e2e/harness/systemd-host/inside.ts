/**
 * Runs as root in a machine whose init is systemd, with cgroup v2 (systemd-host.ts boots one): starts programs as
 * the node controller starts VMMs, and prints what became of them, a line of JSON each.
 */
import { spawn } from 'node:child_process';
import { existsSync, mkdirSync, readFileSync } from 'node:fs';
import { confinedCommand } from '../../../controllers/confinement/confined-command.ts';
import { VmmCgroups } from '../../../controllers/confinement/vmm-cgroups.ts';
import type { VmmResources } from '../../../controllers/confinement/vmm-limits.ts';
import { openVmmResources } from '../../../controllers/confinement/vmm-resources.ts';
import { runCommand } from '../../../lib/run-command.ts';

const MIB = 1024 * 1024;
const LIMITS = { memoryBytes: 24 * MIB, cpus: 1.5, pids: 12 };
const CGROUPS = '/sys/fs/cgroup';
const FOREVER = ['sleep', '1000'];
const TOO_MUCH_MEMORY = ['sh', '-c', 'sleep 1000 & exec tail /dev/zero'];
const TOO_MANY_PROCESSES = ['sh', '-c', '(for i in $(seq 20); do sleep 1000 & done); exec sleep 1000'];

interface Started {
  readonly pid: number;
  readonly ended: Promise<{ readonly code: number | null; readonly signal: string | null }>;
}

async function start(resources: VmmResources, vmId: string, program: readonly string[]): Promise<Started> {
  const root = `/tmp/${vmId}`;
  mkdirSync(root, { recursive: true });
  const argv = confinedCommand(
    {
      ...{ netns: 'holt-drill', root, userId: 1_900_000_001 },
      ...{ readPaths: [], writePaths: [], limited: await resources.prepare(vmId, LIMITS) },
    },
    program,
  );
  const child = spawn(argv[0] ?? '', argv.slice(1), {
    detached: true,
    stdio: ['ignore', 'inherit', 'inherit'],
  });
  const ended = new Promise<{ code: number | null; signal: string | null }>((resolve) => {
    child.once('exit', (code, signal) => resolve({ code, signal }));
  });
  return { pid: child.pid ?? 0, ended };
}

const read = (path: string) => readFileSync(path, 'utf8').trim();
const cgroupOf = (pid: number) => `${CGROUPS}${read(`/proc/${pid}/cgroup`).replace('0::', '')}`;
const commandOf = (pid: number) => read(`/proc/${pid}/comm`);
const isThere = (pid: number) =>
  existsSync(`/proc/${pid}/exe`) && !/^State:\tZ/m.test(read(`/proc/${pid}/status`));

/** Waits until something holds; a machine under emulation is slow. */
async function until(what: string, holds: () => boolean): Promise<void> {
  for (let turn = 0; turn < 1_200; turn += 1) {
    if (holds()) return;
    await new Promise((resolve) => setTimeout(resolve, 25));
  }
  throw new Error(`it never came to this: ${what}`);
}

function say(fact: string, value: unknown): void {
  process.stdout.write(`fact ${JSON.stringify({ fact, value })}\n`);
}

async function tellLimits(name: string, resources: VmmResources): Promise<void> {
  const calm = await start(resources, `vm-${name}00000001`, FOREVER);
  await until('the program runs', () => commandOf(calm.pid) === 'sleep');
  const folder = cgroupOf(calm.pid);
  say(`${name}: cgroup`, folder);
  const files = ['memory.max', 'memory.swap.max', 'cpu.max', 'pids.max'].filter((file) =>
    existsSync(`${folder}/${file}`),
  );
  say(`${name}: limits`, Object.fromEntries(files.map((file) => [file, read(`${folder}/${file}`)])));
  const greedy = await start(resources, `vm-${name}00000002`, TOO_MUCH_MEMORY);
  say(`${name}: too much memory`, (await greedy.ended).signal);
  const many = await start(resources, `vm-${name}00000003`, TOO_MANY_PROCESSES);
  await until('forks were refused', () => commandOf(many.pid) === 'sleep');
  const manyFolder = cgroupOf(many.pid);
  const isFull = Number(read(`${manyFolder}/pids.current`)) <= LIMITS.pids;
  say(`${name}: forks were refused`, isFull && /^max [1-9]/m.test(read(`${manyFolder}/pids.events`)));
  say(`${name}: the other one runs on`, isThere(calm.pid));
  for (const { pid } of [calm, many]) process.kill(-pid, 'SIGKILL');
}

/** Starts a program from a service, ends the service, and tells whether the program lives. */
async function outlives(how: 'scope' | 'no-scope'): Promise<boolean> {
  const note = `/tmp/outlives-${how}`;
  const unit = `drill-${how}.service`;
  const command = [process.execPath, import.meta.filename, how, note];
  await runCommand([
    'systemd-run',
    '--quiet',
    `--unit=${unit}`,
    '--setenv=PATH',
    '--setenv=LD_LIBRARY_PATH',
    ...command,
  ]);
  await until('the service has started its program', () => existsSync(note) && read(note) !== '');
  const pid = Number(read(note));
  await runCommand(['systemctl', 'stop', unit]);
  const lives = isThere(pid);
  if (lives) process.kill(pid, 'SIGKILL');
  return lives;
}

/** What runs in the service of `outlives`. */
async function beService(how: string, note: string): Promise<void> {
  const resources: VmmResources =
    how === 'scope'
      ? await openVmmResources(runCommand)
      : {
          areWhole: false,
          prepare: async () => [],
          release: async () => {},
        };
  const { pid } = await start(resources, 'vm-service00001', FOREVER);
  await until('the program runs', () => commandOf(pid) === 'sleep');
  await runCommand(['sh', '-c', `echo ${pid} >${note}`]);
  await new Promise((resolve) => setTimeout(resolve, 1_000_000));
}

async function main([how, note]: readonly string[]): Promise<void> {
  if (how !== undefined && note !== undefined) return beService(how, note);
  await runCommand(['ip', 'netns', 'add', 'holt-drill']);
  const scopes = await openVmmResources(runCommand);
  say('areWhole', scopes.areWhole);
  await tellLimits('scope', scopes);
  const first = await start(scopes, 'vm-twice0000001', FOREVER);
  await until('the first runs', () => commandOf(first.pid) === 'sleep');
  const second = await start(scopes, 'vm-twice0000001', FOREVER);
  say('a second VMM of one VM', (await second.ended).code);
  say('the first one runs on', isThere(first.pid));
  process.kill(first.pid, 'SIGKILL');
  await first.ended;
  const third = await start(scopes, 'vm-twice0000001', FOREVER);
  await until('the next one runs', () => isThere(third.pid) && commandOf(third.pid) === 'sleep');
  process.kill(third.pid, 'SIGKILL');
  say('outlives its service, in a scope', await outlives('scope'));
  say('outlives its service, without one', await outlives('no-scope'));
  const cgroups = await VmmCgroups.open(CGROUPS);
  if (cgroups !== undefined) await tellLimits('own', cgroups);
  say('done', true);
}

await main(process.argv.slice(2));
