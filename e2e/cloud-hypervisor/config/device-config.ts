import {
  anything,
  boolean,
  DeserializeError,
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

export interface VsockConfig {
  id?: string;
  cid: number;
  socket: string;
}

/** A device that the stand-in keeps in its configuration and cannot make. */
export interface OtherDeviceConfig {
  id?: string;
  path?: string;
  fd?: number;
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
export const pci = {
  id: optional(string()),
  pci_segment: withDefault(unsigned(16), 0),
  pci_device_id: optional(unsigned(8)),
};
/** The forms of the devices, for `vm.create` and the calls that add one. */
export const disk = struct('DiskConfig', {
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

export const net = struct('NetConfig', {
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

export const vsock = struct('VsockConfig', { ...pci, cid: required(unsigned(32)), socket: required(path) });

export const fs = struct('FsConfig', {
  ...pci,
  tag: required(string()),
  socket: required(path),
  num_queues: withDefault(unsigned(64), 1),
  queue_size: withDefault(unsigned(16), 1024),
});

export const pmem = struct('PmemConfig', {
  ...pci,
  file: required(path),
  size: optional(unsigned(64)),
  discard_writes: withDefault(boolean, false),
});

/** A device of the host, by VFIO. */
export const hostDevice = struct('DeviceConfig', {
  ...pci,
  path: optional(path),
  fd: optional(anything),
  x_nv_gpudirect_clique: optional(unsigned(8)),
  x_exclude_mmap_bars: withDefault(sequence(unsigned(64)), []),
});

export const userDevice = struct('UserDeviceConfig', { ...pci, socket: required(path) });

export const vdpa = struct('VdpaConfig', {
  ...pci,
  path: required(path),
  num_queues: withDefault(unsigned(64), 1),
});

export const genericVhostUser = struct('GenericVhostUserConfig', {
  ...pci,
  socket: required(path),
  queue_sizes: required(sequence(unsigned(16))),
  device_type: required(unsigned(32)),
});
