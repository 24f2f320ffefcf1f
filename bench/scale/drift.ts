import { setTimeout as sleep } from 'node:timers/promises';
import type { Informer } from '../../api/client/index.ts';
import { shortIdOf, tapNameOf, vmPathsOf } from '../../controllers/host/vm-identity.ts';
import type { ApiObject, Stored } from '../../crds/meta/meta.ts';
import type { UserVm } from '../../crds/uservm/definition.ts';
import type { GuestlessHost } from '../../e2e/guestless/guestless-host.ts';
import { killVmmOf } from '../../e2e/guestless/kill-vmm.ts';
import { statePaths } from '../../lib/config.ts';
import { runChecked, runCommand } from '../../lib/run-command.ts';
import type { Population } from './population.ts';

const TIMEOUT_MS = 60_000;

/** Milliseconds from a drift until somebody saw it, and until it was mended. */
export interface Healing {
  readonly noticedMs: number;
  readonly healedMs: number;
}

/** Makes one thing differ from what is declared, and waits until it does not any more. */
export type Drift = (host: GuestlessHost, population: Population, vm: Stored<UserVm>) => Promise<Healing>;

/** What may happen to one VM among all. */
export const DRIFTS: Readonly<Record<string, Drift>> = {
  'VMM killed': vmmKilled,
  'container ended': containerEnded,
  'bridge port removed': portRemoved,
  'firewall entry removed': firewallEntryRemoved,
};

async function vmmKilled(
  host: GuestlessHost,
  { vms, containers }: Population,
  vm: Stored<UserVm>,
): Promise<Healing> {
  const { vmmPid } = vm.status ?? {};
  const { name = '' } = vm.metadata;
  const beginMs = performance.now();
  if (!killVmmOf(vm, host.config.stateDir)) throw new Error(`${name} had no VMM to kill`);
  const isNew = (object: Stored<UserVm>) => object.status?.vmmPid !== vmmPid;
  await untilObject(vms, name, isNew);
  const noticedMs = performance.now() - beginMs;
  await untilObject(vms, name, (object) => object.status?.phase === 'Running' && isNew(object));
  // A VM that is back without its containers serves nobody.
  for (const role of ['live', 'dev', 'sidecar'])
    await untilObject(containers, `${name}-${role}`, ({ status }) => status?.ready === true);
  return { noticedMs, healedMs: performance.now() - beginMs };
}

async function containerEnded(
  host: GuestlessHost,
  { containers }: Population,
  vm: Stored<UserVm>,
): Promise<Healing> {
  const name = `${vm.metadata.name}-live`;
  const restarts = containers.lister.get('default', name)?.status?.restartCount ?? 0;
  const { apiSocket } = vmPathsOf(statePaths(host.config.stateDir).vms, shortIdOf(vm.metadata.uid));
  const beginMs = performance.now();
  if (!(await host.vmms.endContainer(apiSocket, name, 1))) throw new Error(`${name} did not run`);
  await untilObject(
    containers,
    name,
    ({ status }) => status?.ready !== true || (status.restartCount ?? 0) > restarts,
  );
  const noticedMs = performance.now() - beginMs;
  await untilObject(
    containers,
    name,
    ({ status }) => status?.ready === true && (status.restartCount ?? 0) > restarts,
  );
  return { noticedMs, healedMs: performance.now() - beginMs };
}

async function portRemoved(host: GuestlessHost, { vms }: Population, vm: Stored<UserVm>): Promise<Healing> {
  const { netns } = host.config;
  const port = tapNameOf(shortIdOf(vm.metadata.uid));
  const beginMs = performance.now();
  await runChecked(runCommand, ['ip', '-n', netns, 'link', 'del', 'dev', port]);
  const isThere = async () =>
    (await runCommand(['ip', '-n', netns, 'link', 'show', 'dev', port])).exitCode === 0;
  await until(`port ${port}`, isThere);
  const noticedMs = performance.now() - beginMs;
  await untilObject(vms, vm.metadata.name ?? '', ({ status }) => status?.phase === 'Running');
  return { noticedMs, healedMs: noticedMs };
}

async function firewallEntryRemoved(
  host: GuestlessHost,
  _: Population,
  vm: Stored<UserVm>,
): Promise<Healing> {
  const { netns } = host.config;
  const port = tapNameOf(shortIdOf(vm.metadata.uid));
  const element = `{ ${port} . ${vm.status?.addresses?.mac} . ${vm.status?.addresses?.ip} }`;
  const nft = (verb: string) =>
    runCommand(['ip', 'netns', 'exec', netns, 'nft', verb, 'element', 'bridge', 'holt', 'guests', element]);
  const beginMs = performance.now();
  const removed = await nft('delete');
  if (removed.exitCode !== 0) throw new Error(`nft: ${removed.stderr}`);
  await until(`firewall entry of ${port}`, async () => (await nft('get')).exitCode === 0);
  const healedMs = performance.now() - beginMs;
  return { noticedMs: healedMs, healedMs };
}

async function until(what: string, holds: () => Promise<boolean>): Promise<void> {
  const deadlineMs = performance.now() + TIMEOUT_MS;
  while (!(await holds())) {
    if (performance.now() > deadlineMs) throw new Error(`${what}: not back within ${TIMEOUT_MS / 1000} s`);
    await sleep(25);
  }
}

function untilObject<T extends ApiObject>(
  informer: Informer<T>,
  name: string,
  holds: (object: Stored<T>) => boolean,
): Promise<void> {
  return until(name, async () => {
    const object = informer.lister.get('default', name);
    return object !== undefined && holds(object);
  });
}
