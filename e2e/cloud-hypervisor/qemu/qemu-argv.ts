import type { DiskConfig, NetConfig } from '../config/device-config.ts';
import type { ConsoleConfig, VmConfig } from '../config/vm-config.ts';

/** Netdev of the control NIC that carries what vsock carries on a real VMM. */
export const controlNetdev = 'control';
/** The guest knows the control NIC by `52:54`, and gives it the address that QEMU's user network expects. */
const controlMac = '52:54:00:68:6f:6c';
export const controlGuestAddress = '10.0.2.15';

/** File descriptor at which QEMU finds its QMP stream. */
export const qmpFd = 3;
/** File descriptor at which a QEMU that goes on from a file finds it. */
export const incomingFd = 4;

/** Ports for devices that come while the guest runs; a guest looks at each while it boots. */
export const hotPortCount = 4;
export const hotPortId = (port: number) => `hotport${port}`;

const mib = 1024 * 1024;

export interface QemuOptions {
  /** The kernel panics at boot for want of an init. */
  readonly guestPanic: boolean;
  /** The machine is read from `incomingFd`. */
  readonly isRestored?: boolean;
}

/** QEMU's command line for a VM that has passed validation; the guest does not run until `cont`. */
export function qemuArgv(config: VmConfig, options: QemuOptions): string[] {
  const { cpus, memory, payload } = config;
  return [
    'qemu-system-x86_64',
    ...['-nodefaults', '-no-user-config', '-display', 'none', '-S'],
    ...['-sandbox', 'on,obsolete=deny,elevateprivileges=deny,spawn=deny,resourcecontrol=deny'],
    ...['-machine', 'q35,usb=off,vmport=off', '-accel', 'tcg,thread=multi,tb-size=256', '-cpu', 'max'],
    ...['-smp', `${cpus.boot_vcpus},maxcpus=${cpus.max_vcpus}`, '-m', `${Math.ceil(memory.size / mib)}M`],
    ...['-chardev', `socket,id=qmp,fd=${qmpFd}`, '-mon', 'chardev=qmp,mode=control'],
    ...['-object', 'rng-random,id=rng,filename=/dev/urandom', '-device', 'virtio-rng-pci,rng=rng'],
    ...(payload?.firmware === undefined ? [] : ['-bios', payload.firmware]),
    ...(payload?.kernel === undefined ? [] : ['-kernel', payload.kernel]),
    ...(payload?.initramfs === undefined ? [] : ['-initrd', payload.initramfs]),
    ...(payload?.kernel === undefined ? [] : ['-append', kernelCommandLine(payload.cmdline ?? '', options)]),
    ...(config.disks ?? []).flatMap(diskArgv),
    ...(config.net ?? []).flatMap(netArgv),
    ...(config.vsock === undefined ? [] : controlNicArgv()),
    ...serialArgv(config.serial),
    ...consoleArgv(config.console),
    ...(config.pvpanic ? ['-device', 'pvpanic-pci', '-action', 'panic=none'] : []),
    ...hotPortsArgv(),
    ...(options.isRestored ? ['-incoming', `fd:${incomingFd}`] : []),
  ];
}

/** The guest must know that its control ports listen on the control NIC, not on vsock. */
export function kernelCommandLine(cmdline: string, options: QemuOptions): string {
  const panic = options.guestPanic ? ' rdinit=/fault/no-init init=/fault/no-init' : '';
  return `${cmdline} holt.emulated=1${panic}`;
}

/** QEMU's node name of a disk; node names take fewer characters than ids of the VMM do. */
export const diskNode = (index: number) => `disk${index}`;

/** QEMU's description of a disk image. */
export function blockNode(disk: DiskConfig, name: string): Readonly<Record<string, unknown>> {
  const { path: filename, readonly, direct } = disk;
  return {
    driver: 'raw',
    'node-name': name,
    'read-only': readonly,
    file: { driver: 'file', filename, 'read-only': readonly, cache: { direct } },
  };
}

/** After all other devices, whose addresses they leave as they are. */
function hotPortsArgv(): string[] {
  return Array.from({ length: hotPortCount }, (_, port) => [
    '-device',
    `pcie-root-port,id=${hotPortId(port)},chassis=${port + 1},slot=${port + 1}`,
  ]).flat();
}

/** QEMU's name of a disk's device. */
export const diskDevice = (index: number) => `blk${index}`;

function diskArgv(disk: DiskConfig, index: number): string[] {
  const node = blockNode(disk, diskNode(index));
  const device = {
    driver: 'virtio-blk-pci',
    id: diskDevice(index),
    drive: diskNode(index),
    ...(disk.serial === undefined ? {} : { serial: disk.serial }),
  };
  return ['-blockdev', JSON.stringify(node), '-device', JSON.stringify(device)];
}

function netArgv(net: NetConfig, index: number): string[] {
  const tap = net.tap === undefined ? '' : `,ifname=${net.tap}`;
  const mtu = net.mtu === undefined ? '' : `,host_mtu=${net.mtu}`;
  return [
    ...['-netdev', `tap,id=net${index}${tap},script=no,downscript=no`],
    ...['-device', `virtio-net-pci,netdev=net${index},mac=${net.mac}${mtu},romfile=`],
  ];
}

function controlNicArgv(): string[] {
  return [
    ...['-netdev', `user,id=${controlNetdev},restrict=on`],
    ...['-device', `virtio-net-pci,netdev=${controlNetdev},mac=${controlMac},romfile=`],
  ];
}

/** Terminals have no place in a detached process: output to them is dropped. */
function backend(id: string, { mode, file }: ConsoleConfig): string[] {
  return mode === 'File'
    ? ['-chardev', `file,id=${id},path=${escapeComma(file ?? '')}`]
    : ['-chardev', `null,id=${id}`];
}

function serialArgv(serial: ConsoleConfig): string[] {
  return serial.mode === 'Off' ? [] : [...backend('serial', serial), '-serial', 'chardev:serial'];
}

function consoleArgv(console: ConsoleConfig): string[] {
  if (console.mode === 'Off') return [];
  const device = ['-device', 'virtio-serial-pci', '-device', 'virtconsole,chardev=console'];
  return [...backend('console', console), ...device];
}

/** QEMU's option lists write a comma twice. */
function escapeComma(text: string): string {
  return text.replaceAll(',', ',,');
}
