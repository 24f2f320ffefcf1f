import { readFile } from 'node:fs/promises';
import { arch, availableParallelism, hostname, release, totalmem } from 'node:os';
import type { RunCommand } from '../../lib/run-command.ts';
import type { ConfinementSupport } from '../confinement/host-support.ts';
import type { HostFacts } from './node-object.ts';

/** Reads what this host is. Parts that cannot be read stay empty: none of them decides anything. */
export async function readHostFacts(options: {
  readonly nodeName: string;
  readonly mode: 'kvm' | 'emulated';
  readonly vmmBinary: string;
  readonly confinement: ConfinementSupport;
  readonly run: RunCommand;
  readonly streamPort?: number;
}): Promise<HostFacts> {
  const text = (path: string) =>
    readFile(path, 'utf8').then(
      (content) => content.trim(),
      () => '',
    );
  const [osRelease, bootId, machineId, version] = await Promise.all([
    text('/etc/os-release'),
    text('/proc/sys/kernel/random/boot_id'),
    text('/etc/machine-id'),
    options.run([options.vmmBinary, '--version'], { timeoutMs: 10_000 }).then(
      ({ stdout }) => stdout.trim().split('\n')[0] ?? '',
      () => '',
    ),
  ]);
  return {
    nodeName: options.nodeName,
    mode: options.mode,
    confinement: options.confinement,
    hostname: hostname(),
    architecture: arch() === 'x64' ? 'amd64' : arch(),
    kernelVersion: release(),
    osImage: /^PRETTY_NAME="?([^"\n]*)/m.exec(osRelease)?.[1] ?? '',
    bootId,
    machineId,
    vmmVersion: version.replace(/^cloud-hypervisor\s+/, ''),
    cpuCount: availableParallelism(),
    memoryBytes: totalmem(),
    ...(options.streamPort === undefined ? {} : { streamPort: options.streamPort }),
  };
}
