import { readdir, readFile, readlink, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { BRIDGE_NAME } from '../../controllers/network/network-state.ts';
import { statePaths } from '../../lib/config.ts';
import { runChecked, runCommand } from '../../lib/run-command.ts';
import { routerPaths } from '../../services/router/router-paths.ts';
import type { GuestlessHost, PartName } from './guestless-host.ts';

/** Counts of everything on a host that VMs could leave behind, by name. */
export type Census = Readonly<Record<string, number>>;

const PARTS: readonly PartName[] = [
  'etcd',
  'holt-api',
  'haproxy',
  'holt-manager',
  'holt-node',
  'holt-router',
];

/** Counts what there is now. Only what is this host's own: other installations share the machine. */
export async function takeCensus(host: GuestlessHost): Promise<Census> {
  const { config } = host;
  const paths = statePaths(config.stateDir);
  const [processes, network, vmFiles, volumes, routes, fds] = await Promise.all([
    countProcesses(config.stateDir, host.partPid('holt-node')),
    countNetwork(config.netns),
    countFiles(paths.vms),
    countFiles(paths.volumes),
    readFile(routerPaths(config).routesMap, 'utf8').catch(() => ''),
    countDescriptors(host),
  ]);
  const { vmms, guests, containers } = await host.vmms.counts();
  return {
    ...processes,
    'answering VMMs': vmms,
    'remembered guests': guests,
    'running containers': containers,
    ...network,
    'files of VMs': vmFiles.count,
    'bytes of VMs': vmFiles.bytes,
    'volume files': volumes.count,
    'bytes of volumes': volumes.bytes,
    routes: routes.split('\n').filter((line) => line.includes('|')).length,
    cgroups: await countCgroups(),
    ...fds,
  };
}

async function countProcesses(stateDir: string, nodePid: number | undefined) {
  let vmms = 0;
  let zombies = 0;
  for (const name of await readdir('/proc')) {
    if (!/^\d+$/.test(name)) continue;
    const [cmdline, status] = await Promise.all([
      readFile(`/proc/${name}/cmdline`, 'utf8').catch(() => ''),
      readFile(`/proc/${name}/stat`, 'utf8').catch(() => ''),
    ]);
    if (cmdline.includes(`${stateDir}/vm/`)) vmms += 1;
    const [state, parent] = status.slice(status.lastIndexOf(')') + 2).split(' ');
    if (state === 'Z' && Number(parent) === nodePid) zombies += 1;
  }
  return { 'VMM processes': vmms, 'zombies of holt-node': zombies };
}

async function countNetwork(netns: string) {
  const [names, links, guests] = await Promise.all([
    runChecked(runCommand, ['ip', 'netns', 'list']),
    runChecked(runCommand, ['ip', '-n', netns, '-o', 'link', 'show', 'type', 'veth']),
    runChecked(runCommand, ['ip', 'netns', 'exec', netns, 'nft', '-j', 'list', 'ruleset']),
  ]);
  const lines = (text: string, part: string) => text.split('\n').filter((line) => line.includes(part)).length;
  return {
    'network namespaces': lines(names, `${netns}-`),
    'bridge ports': lines(links, ' ht-'),
    'ports on the bridge': lines(links, `master ${BRIDGE_NAME}`),
    'firewall chains': guests.split('{"chain":').length - 1,
    'firewall entries': guests.split('"ht-').length - 1,
  };
}

/** Files, sockets and folders below a folder, and the bytes that they take. */
async function countFiles(folder: string): Promise<{ count: number; bytes: number }> {
  const names = await readdir(folder, { recursive: true }).catch(() => []);
  const sizes = await Promise.all(
    names.map((name) =>
      stat(join(folder, name)).then(
        ({ blocks }) => blocks * 512,
        () => 0,
      ),
    ),
  );
  return { count: names.length, bytes: sizes.reduce((sum, size) => sum + size, 0) };
}

async function countCgroups(): Promise<number> {
  const names = await readdir('/sys/fs/cgroup/holt').catch(() => []);
  return names.filter((name) => name.startsWith('vm-')).length;
}

/** Open descriptors of each part; what comes and goes with clients' connections is in it too. */
async function countDescriptors(host: GuestlessHost): Promise<Record<string, number>> {
  const counts: Record<string, number> = {};
  for (const part of PARTS) {
    const pid = host.partPid(part);
    counts[`descriptors of ${part}`] = pid === undefined ? 0 : (await descriptorsOf(pid)).length;
  }
  return counts;
}

/** What each descriptor of a process leads to. */
export async function descriptorsOf(pid: number): Promise<string[]> {
  const names = await readdir(`/proc/${pid}/fd`).catch(() => []);
  return Promise.all(names.map((name) => readlink(`/proc/${pid}/fd/${name}`).catch(() => 'closed')));
}

/** Resident bytes of each part. */
export async function residentBytes(host: GuestlessHost): Promise<Record<string, number>> {
  const sizes: Record<string, number> = {};
  for (const part of PARTS) {
    const status = await readFile(`/proc/${host.partPid(part)}/status`, 'utf8').catch(() => '');
    sizes[part] = Number(/^VmRSS:\s+(\d+) kB$/m.exec(status)?.[1] ?? 0) * 1024;
  }
  return sizes;
}
