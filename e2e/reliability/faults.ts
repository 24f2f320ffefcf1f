import { rename, rm, writeFile } from 'node:fs/promises';
import { createServer } from 'node:net';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { shortIdOf, tapNameOf, type VmPaths, vmPathsOf } from '../../controllers/host/vm-identity.ts';
import { BRIDGE_NAME } from '../../controllers/network/network-state.ts';
import type { Stored } from '../../crds/meta/meta.ts';
import { sandboxContainerDefinition } from '../../crds/sandboxcontainer/definition.ts';
import { type UserVm, userVmDefinition } from '../../crds/uservm/definition.ts';
import { statePaths } from '../../lib/config.ts';
import { identifyProcess, signalProcess } from '../../lib/process-identity.ts';
import { runCommand } from '../../lib/run-command.ts';
import { smallContainer, smallVm } from '../guestless/declare.ts';
import type { GuestlessHost, PartName } from '../guestless/guestless-host.ts';
import { killVmmOf } from '../guestless/kill-vmm.ts';
import { eventually } from '../harness/eventually.ts';

/** What a fault is done to. */
export interface Victim {
  readonly host: GuestlessHost;
  readonly vm: Stored<UserVm>;
  /** 0 to below 1, of the drill's seed. */
  readonly random: () => number;
}

export interface Fault {
  /** Row of the table that counts it. */
  readonly row: 'kill' | 'perturbation' | 'host';
  /** Resolves when the fault is over; what it broke may still be broken. */
  readonly strike: (victim: Victim) => Promise<void>;
}

const PARTS: readonly PartName[] = [
  'etcd',
  'holt-api',
  'haproxy',
  'holt-manager',
  'holt-node',
  'holt-router',
];
/** How long what hangs, hangs. */
const HANG_MS = 4_000;
const PAUSE_MS = 1_500;

/** All kinds of faults, by what the report calls them. */
export const FAULTS: Readonly<Record<string, Fault>> = {
  ...Object.fromEntries(
    PARTS.map((part) => [
      `SIGKILL ${part}`,
      { row: 'kill', strike: (victim: Victim) => signalPart(victim, part) },
    ]),
  ),
  'SIGKILL VMM': { row: 'kill', strike: async ({ vm, host }) => void killVmmOf(vm, host.config.stateDir) },
  'SIGKILL VMM and holt-node': {
    row: 'kill',
    strike: async (victim) => {
      await signalPart(victim, 'holt-node');
      killVmmOf(victim.vm, victim.host.config.stateDir);
    },
  },
  'etcd stands still': {
    row: 'host',
    strike: (victim) => freezeWhile(victim, 'etcd', () => sleep(PAUSE_MS)),
  },
  'holt-api stands still': {
    row: 'host',
    strike: (victim) => freezeWhile(victim, 'holt-api', () => sleep(PAUSE_MS)),
  },
  'VMM API hangs': { row: 'host', strike: (victim) => planted(victim, { hang: ['*'] }) },
  'VMM refuses to boot': {
    row: 'host',
    strike: async (victim) => {
      const lifted = planted(victim, { fail: { 'vm.boot': ['planted'] } });
      killVmmOf(victim.vm, victim.host.config.stateDir);
      await lifted;
    },
  },
  'podman does not answer': {
    row: 'host',
    strike: (victim) => planted(victim, { vsockRefuse: [1024, 1025] }),
  },
  'stale sockets': { row: 'host', strike: leaveStaleSockets },
  'bridge port removed': {
    row: 'host',
    strike: (victim) => inNetns(victim, 'ip', 'link', 'del', portOf(victim)),
  },
  'bridge port without its bridge': {
    row: 'host',
    strike: (victim) => inNetns(victim, 'ip', 'link', 'set', portOf(victim), 'nomaster'),
  },
  'bridge removed': { row: 'host', strike: (victim) => inNetns(victim, 'ip', 'link', 'del', BRIDGE_NAME) },
  'firewall removed': { row: 'host', strike: (victim) => inNetns(victim, 'nft', 'flush', 'ruleset') },
  'container ended': { row: 'host', strike: endContainer },
  'no space left': { row: 'host', strike: fillDisks },
  'deleted and made anew under its name': { row: 'perturbation', strike: replaceUser },
  'changed and changed back unseen': {
    row: 'perturbation',
    strike: (victim) => freezeWhile(victim, 'holt-node', () => flap(victim)),
  },
  'deleted and made anew unseen': {
    row: 'perturbation',
    strike: (victim) => freezeWhile(victim, 'holt-manager', () => replaceContainer(victim)),
  },
};

async function signalPart(
  { host }: Victim,
  part: PartName,
  signal: NodeJS.Signals = 'SIGKILL',
): Promise<void> {
  const pid = host.partPid(part);
  const process = pid === undefined ? undefined : identifyProcess(pid);
  if (process !== undefined) signalProcess(process, signal);
}

/** The part sees and does nothing while `work` is done; then it goes on with a view from before. */
async function freezeWhile(victim: Victim, part: PartName, work: () => Promise<unknown>): Promise<void> {
  const pid = victim.host.partPid(part);
  const process = pid === undefined ? undefined : identifyProcess(pid);
  if (process !== undefined) signalProcess(process, 'SIGSTOP');
  try {
    await work();
  } finally {
    if (process !== undefined) signalProcess(process, 'SIGCONT');
  }
}

function pathsOf({ host, vm }: Victim): VmPaths {
  return vmPathsOf(statePaths(host.config.stateDir).vms, shortIdOf(vm.metadata.uid));
}

function portOf({ vm }: Victim): string {
  return tapNameOf(shortIdOf(vm.metadata.uid));
}

/** Puts a file of faults beside the VMM's socket for a while: see `e2e/cloud-hypervisor/faults.ts`. */
async function planted(victim: Victim, faults: object): Promise<void> {
  const path = `${pathsOf(victim).apiSocket}.faults`;
  // The folder may be gone with a deleted VM: then there is nobody to be hurt.
  const isPlanted = await writeFile(`${path}.new`, JSON.stringify(faults))
    .then(() => rename(`${path}.new`, path))
    .then(
      () => true,
      () => false,
    );
  if (!isPlanted) return;
  await sleep(HANG_MS);
  await rm(path, { force: true });
}

/** The VMM is killed, and its sockets stay as files that nobody answers on. */
async function leaveStaleSockets(victim: Victim): Promise<void> {
  const { apiSocket, vsock } = pathsOf(victim);
  killVmmOf(victim.vm, victim.host.config.stateDir);
  for (const path of [apiSocket, vsock]) {
    const server = createServer();
    const isListening = new Promise<boolean>((resolve) => {
      server.once('error', () => resolve(false)).listen(`${path}.stale`, () => resolve(true));
    });
    if (!(await isListening)) continue;
    // Renamed away from the name that the server removes when it closes.
    await rename(`${path}.stale`, path).catch(() => {});
    server.close();
  }
}

async function inNetns({ host }: Victim, ...argv: readonly string[]): Promise<void> {
  await runCommand(['ip', 'netns', 'exec', host.config.netns, ...argv]);
}

async function endContainer(victim: Victim): Promise<void> {
  const { host, vm, random } = victim;
  await host.vmms.endContainer(
    pathsOf(victim).apiSocket,
    `${vm.metadata.name}-live`,
    Math.floor(random() * 2),
  );
}

/** Nothing can be written where VMs and volumes are, while a VMM must be started anew. */
async function fillDisks({ host, vm }: Victim): Promise<void> {
  const paths = statePaths(host.config.stateDir);
  const ballast = [paths.vms, paths.volumes].map((folder) => join(folder, 'ballast'));
  await Promise.all(ballast.map((path) => runCommand(['dd', 'if=/dev/zero', `of=${path}`, 'bs=64k'])));
  killVmmOf(vm, host.config.stateDir);
  await sleep(PAUSE_MS);
  await Promise.all(ballast.map((path) => rm(path, { force: true })));
}

const NAMESPACE = 'default';

/** Repeated until the API server takes it: other faults may have it down. */
async function insist(
  work: () => Promise<unknown>,
  isFine: (error: { code?: unknown }) => boolean,
): Promise<void> {
  await eventually('the API server to take a write', 60_000, async () => {
    await work().catch((error: { code?: unknown }) => {
      if (!isFine(error)) throw error;
    });
  });
}

const isGone = ({ code }: { code?: unknown }) => code === 404;
const isThere = ({ code }: { code?: unknown }) => code === 409;

async function replaceUser({ host: { client }, vm }: Victim): Promise<void> {
  const { name = '' } = vm.metadata;
  await insist(() => client.delete(userVmDefinition, { namespace: NAMESPACE, name }), isGone);
  // Refused for as long as the old one is being deleted.
  await eventually(`${name} anew`, 90_000, () => client.create(userVmDefinition, smallVm(name)));
}

async function replaceContainer({ host: { client }, vm }: Victim): Promise<void> {
  const { name = '' } = vm.metadata;
  const container = { namespace: NAMESPACE, name: `${name}-live` };
  await insist(() => client.delete(sandboxContainerDefinition, container), isGone);
  await eventually(`${name}-live anew`, 60_000, () =>
    client.create(sandboxContainerDefinition, smallContainer(name, 'live')),
  );
}

async function flap({ host: { client }, vm }: Victim): Promise<void> {
  for (const powerState of ['Stopped', 'Running', 'Stopped', 'Running']) {
    const name = { namespace: NAMESPACE, name: vm.metadata.name ?? '' };
    await insist(
      () => client.patch(userVmDefinition, name, { spec: { powerState } }),
      (error) => isGone(error) || isThere(error),
    );
  }
}
