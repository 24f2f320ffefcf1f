import { z } from 'zod';

const path = z.string().startsWith('/');
const mib = 1024 * 1024;

/** Mode File without a file is refused here: it makes cloud-hypervisor v53 panic, and with it the VMM ends. */
const consoleSchema = z.discriminatedUnion('mode', [
  z.strictObject({ mode: z.literal('File'), file: path }),
  z.strictObject({ mode: z.literal(['Off', 'Null']) }),
]);

/**
 * The part of cloud-hypervisor's VmConfig that Holt sets (upstream vmm/src/vm_config.rs; see its OpenAPI
 * description). Strict: a field that is not listed here is a mistake of ours, not of the VMM's.
 */
export const vmConfigSchema = z.strictObject({
  payload: z.strictObject({
    kernel: path,
    initramfs: path.optional(),
    cmdline: z.string(),
  }),
  cpus: z.strictObject({ boot_vcpus: z.int().min(1), max_vcpus: z.int().min(1) }),
  /** Bytes. */
  memory: z.strictObject({
    size: z
      .int()
      .min(64 * mib)
      .multipleOf(mib),
    shared: z.boolean().optional(),
    thp: z.boolean().optional(),
  }),
  disks: z.array(
    z.strictObject({
      path,
      readonly: z.boolean(),
      /** At most 20 bytes: virtio-blk's limit. */
      serial: z.string().max(20),
      id: z.string().optional(),
      /** Never left to the VMM's guess: a guest could write another format's header into its raw disk. */
      image_type: z.literal('Raw'),
    }),
  ),
  net: z.array(
    z.strictObject({
      /** Interface names hold at most 15 bytes. */
      tap: z.string().min(1).max(15),
      mac: z.string().regex(/^([0-9a-f]{2}:){5}[0-9a-f]{2}$/),
      id: z.string().optional(),
      mtu: z.int().optional(),
    }),
  ),
  /** Unix socket paths hold at most 107 bytes. */
  vsock: z.strictObject({ cid: z.int().min(3), socket: path.max(107), id: z.string().optional() }),
  serial: consoleSchema,
  console: consoleSchema,
  /** The VMM may open nothing but what this configuration names. Needs Landlock in the host's kernel. */
  landlock_enable: z.boolean().optional(),
  landlock_rules: z.array(z.strictObject({ path, access: z.literal(['r', 'rw']) })).optional(),
});

export type VmConfig = z.infer<typeof vmConfigSchema>;

/** What a VM is made of, in Holt's terms. */
export interface VmConfigParts {
  readonly kernel: string;
  readonly initramfs: string;
  /** The whole kernel command line. */
  readonly cmdline: string;
  readonly cpus: number;
  /** Rounded up to whole MiB. */
  readonly memoryBytes: number;
  /** The read-only erofs root of the guest image. */
  readonly rootDisk: string;
  /** The writable data volume. */
  readonly dataDisk: string;
  readonly tap: string;
  readonly mac: string;
  readonly vsockSocket: string;
  readonly consoleLog: string;
}

/**
 * The VMM reads a tap's flags in sysfs before it opens it (net_util/src/open_tap.rs), and does not count that among
 * the paths that its configuration names.
 */
const TAP_FLAGS = { path: '/sys/devices/virtual/net', access: 'r' } as const;

/** The guest's vsock address. Each VMM has its own vsock device behind its own socket, so one number serves all. */
const guestCid = 3;

/**
 * Builds the VmConfig of a Holt VM: root disk `serial=root` read-only, data disk `serial=data`, one tap,
 * hybrid vsock, serial console to a file, virtio console off.
 * @throws z.ZodError naming the part that the VMM would refuse
 */
export function buildVmConfig(parts: VmConfigParts): VmConfig {
  return vmConfigSchema.parse({
    payload: { kernel: parts.kernel, initramfs: parts.initramfs, cmdline: parts.cmdline },
    cpus: { boot_vcpus: parts.cpus, max_vcpus: parts.cpus },
    memory: { size: Math.ceil(parts.memoryBytes / mib) * mib },
    disks: [
      { path: parts.rootDisk, readonly: true, serial: 'root', id: 'root', image_type: 'Raw' },
      { path: parts.dataDisk, readonly: false, serial: 'data', id: 'data', image_type: 'Raw' },
    ],
    net: [{ tap: parts.tap, mac: parts.mac, id: 'net' }],
    vsock: { cid: guestCid, socket: parts.vsockSocket, id: 'vsock' },
    serial: { mode: 'File', file: parts.consoleLog },
    console: { mode: 'Off' },
  } satisfies VmConfig);
}

/**
 * The same VM, in a VMM that may open no other file: for hosts whose kernel has Landlock.
 * @param snapshot the folder that it may be written out to
 */
export function withLandlock(config: VmConfig, snapshot: string): VmConfig {
  const rules = [TAP_FLAGS, { path: snapshot, access: 'rw' as const }];
  return { ...config, landlock_enable: true, landlock_rules: rules };
}
