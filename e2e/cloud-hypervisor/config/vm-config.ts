import {
  anything,
  boolean,
  DeserializeError,
  deserialize,
  optional,
  type Read,
  required,
  sequence,
  string,
  struct,
  unsigned,
  variant,
  withDefault,
} from './serde.ts';

export interface DiskConfig {
  id?: string;
  path?: string;
  readonly: boolean;
  direct: boolean;
  serial?: string;
  image_type: string;
}

export interface NetConfig {
  id?: string;
  tap?: string;
  mac: string;
  mtu?: number;
}

export interface ConsoleConfig {
  file?: string;
  mode: 'Off' | 'Pty' | 'Tty' | 'File' | 'Socket' | 'Null';
}

/** The parts of the VMM's configuration that the stand-in acts on; the rest is kept and shown. */
export interface VmConfig {
  cpus: { boot_vcpus: number; max_vcpus: number };
  memory: { size: number };
  payload?: { kernel?: string; firmware?: string; initramfs?: string; cmdline?: string };
  disks?: DiskConfig[];
  net?: NetConfig[];
  serial: ConsoleConfig;
  console: ConsoleConfig;
  vsock?: { id?: string; cid: number; socket: string };
  pvpanic: boolean;
}

const path = string('path string');
const mac: Read = (value) => {
  const text = string()(value) as string;
  if (!/^([0-9a-fA-F]{2}:){5}[0-9a-fA-F]{2}$/.test(text)) {
    throw new DeserializeError(
      `The provided MAC address is invalid: parsing of ${text} into a MAC address failed`,
    );
  }
  return text.toLowerCase();
};
const pci = {
  id: optional(string()),
  pci_segment: withDefault(unsigned(16), 0),
  pci_device_id: optional(unsigned(8)),
};
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

const disk = struct('DiskConfig', {
  ...pci,
  path: optional(path),
  readonly: withDefault(boolean, false),
  direct: withDefault(boolean, false),
  num_queues: withDefault(unsigned(64), 1),
  queue_size: withDefault(unsigned(16), 128),
  vhost_user: withDefault(boolean, false),
  vhost_socket: optional(string()),
  rate_limit_group: optional(string()),
  rate_limiter_config: optional(anything),
  disable_io_uring: withDefault(boolean, false),
  disable_aio: withDefault(boolean, false),
  serial: optional(string()),
  queue_affinity: optional(anything),
  backing_files: withDefault(boolean, false),
  sparse: withDefault(boolean, true),
  image_type: withDefault(variant('FixedVhd', 'Qcow2', 'Raw', 'Vhdx', 'Unknown'), 'Unknown'),
  lock_granularity: withDefault(variant('ByteRange', 'Full'), 'ByteRange'),
});

const net = struct('NetConfig', {
  ...pci,
  tap: optional(string()),
  ip: optional(string()),
  mask: optional(string()),
  mac: withDefault(mac, '2e:00:00:00:00:01'),
  host_mac: optional(mac),
  mtu: optional(unsigned(16)),
  num_queues: withDefault(unsigned(64), 2),
  queue_size: withDefault(unsigned(16), 256),
  vhost_user: withDefault(boolean, false),
  vhost_socket: optional(string()),
  vhost_mode: withDefault(variant('Client', 'Server'), 'Client'),
  rate_limiter_config: optional(anything),
  offload_tso: withDefault(boolean, true),
  offload_ufo: withDefault(boolean, true),
  offload_csum: withDefault(boolean, true),
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
  generic_vhost_user: optional(sequence(anything)),
  fs: optional(sequence(anything)),
  pmem: optional(sequence(anything)),
  serial: withDefault(struct('SerialConfig', consoleFields), { mode: 'Null' }),
  console: withDefault(struct('ConsoleConfig', { ...consoleFields, ...pci }), {
    mode: 'Tty',
    pci_segment: 0,
  }),
  debug_console: withDefault(anything, { mode: 'Off', iobase: 233 }),
  devices: optional(sequence(anything)),
  user_devices: optional(sequence(anything)),
  vdpa: optional(sequence(anything)),
  vsock: optional(struct('VsockConfig', { ...pci, cid: required(unsigned(32)), socket: required(path) })),
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
