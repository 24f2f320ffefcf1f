import { constants } from 'node:fs';
import { access, open, readFile, statfs } from 'node:fs/promises';
import { delimiter, join } from 'node:path';
import type { RunCommand } from '../lib/run-command.ts';

/** What the preflight decides on. */
export interface HostFacts {
  /** The CPU's hardware virtualisation; undefined without. */
  readonly cpuFlag: 'vmx' | 'svm' | undefined;
  /** Why /dev/kvm does not open for reading and writing; undefined when it does. */
  readonly kvmError: string | undefined;
  /** The `cloud-hypervisor` on the PATH and the first line of its `--version`. */
  readonly cloudHypervisor: { readonly path: string; readonly version: string } | undefined;
  /** Programs that are not on the PATH. */
  readonly missingTools: readonly Tool[];
  readonly tunError: string | undefined;
  readonly memoryAvailableBytes: number;
  /** Where Holt's state will lie. */
  readonly folder: string;
  readonly diskFreeBytes: number;
  readonly userId: number;
}

export interface Tool {
  readonly name: string;
  readonly aptPackage: string;
  /** Only where VMs are emulated. */
  readonly isForStandIn?: boolean;
}

/** What Holt and the stand-in for cloud-hypervisor run. */
const TOOLS: readonly Tool[] = [
  { name: 'etcd', aptPackage: 'etcd-server' },
  { name: 'haproxy', aptPackage: 'haproxy' },
  { name: 'ip', aptPackage: 'iproute2' },
  { name: 'nft', aptPackage: 'nftables' },
  { name: 'mkfs.ext4', aptPackage: 'e2fsprogs' },
  { name: 'openssl', aptPackage: 'openssl' },
  { name: 'qemu-system-x86_64', aptPackage: 'qemu-system-x86', isForStandIn: true },
  { name: 'setpriv', aptPackage: 'util-linux' },
  { name: 'pivot_root', aptPackage: 'util-linux' },
];

export interface ObserveHostOptions {
  readonly run: RunCommand;
  readonly env: NodeJS.ProcessEnv;
  readonly folder: string;
}

/** Reads the facts from this machine. Changes nothing. */
export async function observeHost({ run, env, folder }: ObserveHostOptions): Promise<HostFacts> {
  const tools = await Promise.all(
    TOOLS.map(async (tool) => ((await findOnPath(env, tool.name)) === undefined ? [tool] : [])),
  );
  const { bavail, bsize } = await statfs(folder);
  return {
    cpuFlag: cpuFlagIn(await readFile('/proc/cpuinfo', 'utf8')),
    kvmError: await openError('/dev/kvm'),
    cloudHypervisor: await observeCloudHypervisor(run, env),
    missingTools: tools.flat(),
    tunError: await openError('/dev/net/tun'),
    memoryAvailableBytes: memoryAvailableIn(await readFile('/proc/meminfo', 'utf8')),
    folder,
    diskFreeBytes: bavail * bsize,
    userId: process.getuid?.() ?? 0,
  };
}

/** The virtualisation flag in the text of /proc/cpuinfo. */
export function cpuFlagIn(cpuinfo: string): 'vmx' | 'svm' | undefined {
  const flags = /^flags\s*:(.*)$/m.exec(cpuinfo)?.[1]?.trim().split(/\s+/) ?? [];
  return (['vmx', 'svm'] as const).find((flag) => flags.includes(flag));
}

/** Bytes that programs can still have, from the text of /proc/meminfo. */
export function memoryAvailableIn(meminfo: string): number {
  return Number(/^MemAvailable:\s+(\d+) kB$/m.exec(meminfo)?.[1] ?? 0) * 1024;
}

async function openError(device: string): Promise<string | undefined> {
  try {
    await (await open(device, 'r+')).close();
    return undefined;
  } catch (error) {
    return (error as NodeJS.ErrnoException).code ?? String(error);
  }
}

async function findOnPath(env: NodeJS.ProcessEnv, name: string): Promise<string | undefined> {
  for (const folder of (env.PATH ?? '').split(delimiter)) {
    const path = join(folder, name);
    try {
      await access(path, constants.X_OK);
      return path;
    } catch {
      // Not in this folder.
    }
  }
  return undefined;
}

async function observeCloudHypervisor(run: RunCommand, env: NodeJS.ProcessEnv) {
  const path = await findOnPath(env, 'cloud-hypervisor');
  if (path === undefined) return undefined;
  try {
    const { stdout } = await run([path, '--version'], { timeoutMs: 10_000, env });
    return { path, version: stdout.split('\n', 1)[0] ?? '' };
  } catch (error) {
    return { path, version: `not runnable (${error instanceof Error ? error.message : String(error)})` };
  }
}
