import { VmFailure } from '../api-failure.ts';
import type { VmConfig } from './vm-config.ts';

const pageBytes = 4096;

/** What the VMM refuses at boot before it opens anything. @throws VmFailure */
export function validateVmConfig(config: VmConfig): void {
  checkVmConfig(config);
  if (config.memory.size === 0) throw new VmFailure('Memory manager error', 'No memory zones found');
  if (config.memory.size % pageBytes !== 0) {
    throw new VmFailure(
      'Memory manager error',
      'Memory size is misaligned with default page size or its hugepage size',
    );
  }
}

/** What the VMM refuses whenever the configuration is set or changes. @throws VmFailure */
export function checkVmConfig(config: VmConfig): void {
  const problem = problemOf(config);
  if (problem !== undefined) throw new VmFailure('Failed to validate config', ...problem);
}

function problemOf(config: VmConfig): string[] | undefined {
  const { payload, cpus, vsock } = config;
  const notBootable = 'Payload configuration is not bootable';
  if (payload?.kernel !== undefined && payload.firmware !== undefined) {
    return [notBootable, 'Specifying a kernel is not supported when a firmware is provided'];
  }
  if (payload?.kernel === undefined && payload?.firmware === undefined) {
    return [notBootable, 'No bootitem provided: neither firmware nor kernel'];
  }
  if (cpus.max_vcpus < cpus.boot_vcpus) {
    return [`Max CPUs (${cpus.max_vcpus}) lower than boot CPUs (${cpus.boot_vcpus})`];
  }
  const longSerial = config.disks?.find((disk) => Buffer.byteLength(disk.serial ?? '') > 20)?.serial;
  if (longSerial !== undefined) {
    return [
      `Block device serial length (${Buffer.byteLength(longSerial)}) exceeds maximum allowed length (20)`,
    ];
  }
  const unshared = sharedMemoryUse(config);
  if (unshared !== undefined) return [`Using ${unshared} requires using shared memory or huge pages`];
  if (config.devices?.some((device) => device.path === undefined && device.fd === undefined)) {
    return ['VFIO device config must specify `path=` or `fd=`'];
  }
  const twice = duplicate([
    ...(config.disks ?? []),
    ...(config.net ?? []),
    ...(vsock === undefined ? [] : [vsock]),
    ...[config.fs, config.pmem, config.devices, config.user_devices].flatMap((list) => list ?? []),
    ...[config.vdpa, config.generic_vhost_user].flatMap((list) => list ?? []),
  ]);
  if (twice !== undefined) return [`Identifier ${twice} is not unique`];
  const lowMtu = config.net?.find((net) => net.mtu !== undefined && net.mtu < 1280)?.mtu;
  if (lowMtu !== undefined)
    return [`Provided MTU ${lowMtu} is lower than 1280 (expected by VIRTIO specification)`];
  if (vsock !== undefined && [0, 1, 2, 0xffff_ffff].includes(vsock.cid))
    return [`${vsock.cid} is a special VSOCK CID`];
  return undefined;
}

/** What needs memory that another process can map, where the VM has none. */
function sharedMemoryUse({ memory, fs, user_devices, generic_vhost_user }: VmConfig): string | undefined {
  if (memory.shared || memory.hugepages) return undefined;
  if ((fs ?? []).length > 0 || (generic_vhost_user ?? []).length > 0) return 'vhost-user';
  return (user_devices ?? []).length > 0 ? 'user devices' : undefined;
}

function duplicate(devices: readonly { id?: string }[]): string | undefined {
  const seen = new Set<string>();
  for (const { id } of devices) {
    if (id === undefined) continue;
    if (seen.has(id)) return id;
    seen.add(id);
  }
  return undefined;
}
