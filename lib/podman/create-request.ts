/** A container to be made, in Holt's words. */
export interface ContainerCreate {
  readonly name: string;
  /** A directory of the guest, under an overlay of the container's own; or an OCI image. */
  readonly source: { readonly rootfs: string } | { readonly image: string };
  /** Absent: as the image says. */
  readonly command?: readonly string[] | undefined;
  readonly env: Readonly<Record<string, string>>;
  readonly workingDir?: string | undefined;
  readonly labels: Readonly<Record<string, string>>;
  /** Absent: no network but loopback. */
  readonly network?: { readonly name: string; readonly address: string };
  readonly limits?: { readonly cpuCores: number; readonly memoryBytes: number; readonly pids: number };
  readonly mounts?: readonly {
    readonly source: string;
    readonly destination: string;
    readonly readOnly: boolean;
  }[];
  /** Seconds between SIGTERM and SIGKILL. */
  readonly stopTimeoutSeconds?: number;
}

const cpuPeriodUs = 100_000;

/**
 * What is left of podman's default capabilities: enough for a program that runs as root in its own container
 * and drops to another user; no setuid file capabilities, no chroot, no raw sockets.
 */
const droppedCapabilities = [
  'CAP_SETFCAP',
  'CAP_SETPCAP',
  'CAP_SYS_CHROOT',
  'CAP_NET_RAW',
  'CAP_MKNOD',
  'CAP_AUDIT_WRITE',
];

/**
 * The body of `POST /containers/create`: podman's SpecGenerator (pkg/specgen/specgen.go, v4.3.1).
 *
 * Memory and swap are one limit, so that swap is not given. `memory.oom.group` lets the kernel kill the
 * container as a whole when it is over its memory, never one process of it.
 */
export function toSpecGenerator(create: ContainerCreate): Record<string, unknown> {
  return {
    name: create.name,
    ...('rootfs' in create.source
      ? { rootfs: create.source.rootfs, rootfs_overlay: true }
      : { image: create.source.image, raw_image_name: create.source.image }),
    ...(create.command === undefined ? {} : { entrypoint: [], command: create.command }),
    env: create.env,
    ...(create.workingDir === undefined ? {} : { work_dir: create.workingDir }),
    labels: create.labels,
    ...networkOf(create),
    ...limitsOf(create),
    mounts: (create.mounts ?? []).map((mount) => ({
      type: 'bind',
      source: mount.source,
      destination: mount.destination,
      options: [mount.readOnly ? 'ro' : 'rw', 'rbind', 'nosuid', 'nodev'],
    })),
    cap_drop: droppedCapabilities,
    no_new_privileges: true,
    hostname: create.name,
    stop_timeout: create.stopTimeoutSeconds ?? 10,
    log_configuration: { driver: 'k8s-file' },
    // podman's own restarts stay off: the controller owns them.
    restart_policy: 'no',
    systemd: 'false',
  };
}

function networkOf(create: ContainerCreate): Record<string, unknown> {
  if (create.network === undefined) return { netns: { nsmode: 'none' } };
  const { name, address } = create.network;
  return {
    netns: { nsmode: 'bridge' },
    Networks: { [name]: { static_ips: [address], static_mac: hardwareAddressOf(address) } },
  };
}

/**
 * A locally administered hardware address that follows from the IPv4 address. A container that keeps its address
 * over a restart must keep this one too: else the guest's neighbour table sends to the old one until the entry
 * expires, for 15 to 45 s (base_reachable_time_ms, ip-sysctl.rst), and no probe passes for that long.
 */
function hardwareAddressOf(ipv4: string): string {
  const octets = ipv4.split('.').map((octet) => Number(octet).toString(16).padStart(2, '0'));
  return ['02', '68', ...octets].join(':');
}

function limitsOf(create: ContainerCreate): Record<string, unknown> {
  if (create.limits === undefined) return {};
  const { cpuCores, memoryBytes, pids } = create.limits;
  return {
    resource_limits: {
      cpu: { quota: Math.max(1000, Math.round(cpuCores * cpuPeriodUs)), period: cpuPeriodUs },
      memory: { limit: memoryBytes, swap: memoryBytes },
      pids: { limit: pids },
      unified: { 'memory.oom.group': '1' },
    },
    // Before podman, systemd and the ingress (0 and below), so that the guest itself never pays for a sandbox.
    oom_score_adj: 500,
  };
}
