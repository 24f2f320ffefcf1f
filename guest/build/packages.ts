/** Debian packages of the guest's root file system, besides the required ones. */
export const ROOT_PACKAGES = [
  'busybox-static',
  'conmon',
  'crun',
  'e2fsprogs',
  'haproxy',
  'iproute2',
  'iptables',
  'kmod',
  'netavark',
  'nftables',
  'podman',
  'systemd',
] as const;

/** Brings the kernel image and its modules; installed nowhere, only unpacked. */
export const KERNEL_PACKAGES = ['linux-image-cloud-amd64'] as const;

/** What the sandbox closure `/opt/holt/closures/node` consists of, with dependencies. */
export const CLOSURE_PACKAGES = ['busybox-static', 'nodejs'] as const;

/** Modules that the initramfs loads, in this order, each after its dependencies. */
export const KERNEL_MODULES = [
  'virtio_pci',
  'virtio_blk',
  'erofs',
  'overlay',
  'virtio_net',
  'vsock',
  'vmw_vsock_virtio_transport',
  'virtio_rng',
  'button',
  'evdev',
  'nf_tables',
  'nft_ct',
  'bridge',
  'veth',
] as const;

/** Modules that stay on the root disk, loaded by the kernel when something asks for them. */
export const OPTIONAL_KERNEL_MODULES = [
  'virtio_console',
  'virtio_balloon',
  'virtiofs',
  'nft_reject_inet',
  'tun',
] as const;
