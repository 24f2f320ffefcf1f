import {
  type DiskConfig,
  disk,
  fs,
  genericVhostUser,
  hostDevice,
  type NetConfig,
  net,
  type OtherDeviceConfig,
  pci,
  pmem,
  userDevice,
  type VsockConfig,
  vdpa,
  vsock,
} from './device-config.ts';
import {
  anything,
  boolean,
  deserialize,
  optional,
  required,
  sequence,
  string,
  struct,
  unsigned,
  variant,
  withDefault,
} from './serde.ts';

export interface ConsoleConfig {
  file?: string;
  mode: 'Off' | 'Pty' | 'Tty' | 'File' | 'Socket' | 'Null';
}

/** The parts of the VMM's configuration that the stand-in acts on; the rest is kept and shown. */
export interface VmConfig {
  cpus: { boot_vcpus: number; max_vcpus: number };
  memory: { size: number; shared: boolean; hugepages: boolean };
  payload?: { kernel?: string; firmware?: string; initramfs?: string; cmdline?: string };
  disks?: DiskConfig[];
  net?: NetConfig[];
  serial: ConsoleConfig;
  console: ConsoleConfig;
  vsock?: VsockConfig;
  fs?: OtherDeviceConfig[];
  pmem?: OtherDeviceConfig[];
  devices?: OtherDeviceConfig[];
  user_devices?: OtherDeviceConfig[];
  vdpa?: OtherDeviceConfig[];
  generic_vhost_user?: OtherDeviceConfig[];
  pvpanic: boolean;
}

const path = string('path string');
const consoleFields = {
  file: optional(path),
  mode: required(variant('Off', 'Pty', 'Tty', 'File', 'Socket', 'Null')),
  socket: optional(path),
};

const cpus = struct('CpusConfig', {
  boot_vcpus: required(unsigned(32)),
  max_vcpus: required(unsigned(32)),
  topology: optional(anything),
  kvm_hyperv: withDefault(boolean, false),
  max_phys_bits: withDefault(unsigned(8), 46),
  affinity: optional(anything),
  features: withDefault(anything, { amx: false }),
  nested: withDefault(boolean, true),
  core_scheduling: withDefault(variant('Vm', 'Vcpu', 'Off'), 'Vm'),
  profile: withDefault(variant('Host'), 'Host'),
});

const memory = struct('MemoryConfig', {
  size: required(unsigned(64)),
  mergeable: withDefault(boolean, false),
  hotplug_method: withDefault(variant('Acpi', 'VirtioMem'), 'Acpi'),
  hotplug_size: optional(unsigned(64)),
  hotplugged_size: optional(unsigned(64)),
  shared: withDefault(boolean, false),
  hugepages: withDefault(boolean, false),
  hugepage_size: optional(unsigned(64)),
  prefault: withDefault(boolean, false),
  reserve: withDefault(boolean, false),
  zones: optional(anything),
  thp: withDefault(boolean, true),
});

const payload = struct('PayloadConfig', {
  firmware: optional(path),
  kernel: optional(path),
  cmdline: optional(string()),
  initramfs: optional(path),
});

const vmConfig = struct('VmConfig', {
  cpus: withDefault(cpus, cpus({ boot_vcpus: 1, max_vcpus: 1 })),
  memory: withDefault(memory, memory({ size: 512 << 20 })),
  payload: optional(payload),
  rate_limit_groups: optional(anything),
  disks: optional(sequence(disk)),
  net: optional(sequence(net)),
  rng: withDefault(anything, { pci_segment: 0, src: '/dev/urandom' }),
  balloon: optional(anything),
  generic_vhost_user: optional(sequence(genericVhostUser)),
  fs: optional(sequence(fs)),
  pmem: optional(sequence(pmem)),
  serial: withDefault(struct('SerialConfig', consoleFields), { mode: 'Null' }),
  console: withDefault(struct('ConsoleConfig', { ...consoleFields, ...pci }), {
    mode: 'Tty',
    pci_segment: 0,
  }),
  debug_console: withDefault(anything, { mode: 'Off', iobase: 233 }),
  devices: optional(sequence(hostDevice)),
  user_devices: optional(sequence(userDevice)),
  vdpa: optional(sequence(vdpa)),
  vsock: optional(vsock),
  pvpanic: withDefault(boolean, false),
  iommu: withDefault(boolean, false),
  numa: optional(sequence(anything)),
  watchdog: withDefault(boolean, false),
  rtc: optional(anything),
  pci_segments: optional(sequence(anything)),
  platform: optional(anything),
  tpm: optional(anything),
  landlock_enable: withDefault(boolean, false),
  landlock_rules: optional(sequence(anything)),
});

/**
 * Reads a `vm.create` body: unknown fields are dropped and defaults filled in, as the real VMM does.
 * @throws ApiFailure 400
 */
export function readVmConfig(text: string): VmConfig {
  return deserialize(text, vmConfig) as VmConfig;
}
