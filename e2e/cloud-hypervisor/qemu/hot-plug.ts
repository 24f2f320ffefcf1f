import { VmFailure } from '../api-failure.ts';
import type { DiskConfig, NetConfig } from '../config/device-config.ts';
import { deviceManager } from '../vm/devices.ts';
import { blockNode, hotPortCount, hotPortId } from './qemu-argv.ts';
import { type Qmp, QmpError } from './qmp.ts';
import { lockFailure } from './start-failure.ts';

/** A device on one of the ports kept for such. */
interface Plugged {
  readonly qdev: string;
  /** The block node or network backend behind it. */
  readonly backend: string;
  readonly kind: 'disk' | 'net';
  readonly port: number;
}

/** Devices that come and go while the guest runs, each on a PCI Express port of its own. */
export class HotPlug {
  readonly #qmp: Qmp;
  readonly #onGone: (id: string) => void;
  readonly #plugged = new Map<string, Plugged>();
  #count = 0;

  constructor(qmp: Qmp, onGone: (id: string) => void) {
    this.#qmp = qmp;
    this.#onGone = onGone;
  }

  get isEmpty(): boolean {
    return this.#plugged.size === 0;
  }

  /** QEMU's names of an added disk. */
  find(id: string): Plugged | undefined {
    return this.#plugged.get(id);
  }

  /** @throws VmFailure */
  async addDisk(disk: DiskConfig): Promise<void> {
    const plugged = this.#next('disk');
    await this.#run('blockdev-add', blockNode(disk, plugged.backend), disk);
    const serial = disk.serial === undefined ? {} : { serial: disk.serial };
    const device = { driver: 'virtio-blk-pci', drive: plugged.backend, ...serial };
    await this.#plug(disk.id ?? '', plugged, device, disk);
  }

  /** @throws VmFailure */
  async addNet(net: NetConfig): Promise<void> {
    const plugged = this.#next('net');
    const tap = net.tap === undefined ? {} : { ifname: net.tap };
    const backend = { type: 'tap', id: plugged.backend, ...tap, script: 'no', downscript: 'no' };
    await this.#run('netdev_add', backend);
    const mtu = net.mtu === undefined ? {} : { host_mtu: net.mtu };
    const device = { driver: 'virtio-net-pci', netdev: plugged.backend, mac: net.mac, romfile: '', ...mtu };
    await this.#plug(net.id ?? '', plugged, device);
  }

  #next(kind: Plugged['kind']): Plugged {
    const taken = new Set([...this.#plugged.values()].map(({ port }) => port));
    const port = Array.from({ length: hotPortCount }, (_, index) => index).find((each) => !taken.has(each));
    if (port === undefined) {
      throw new VmFailure(
        deviceManager,
        `The stand-in for cloud-hypervisor takes ${hotPortCount} devices while it runs`,
      );
    }
    const number = this.#count++;
    return { qdev: `hotdev${number}`, backend: `hot${number}`, kind, port };
  }

  /** A backend whose device does not come goes again. */
  async #plug(
    id: string,
    plugged: Plugged,
    device: Readonly<Record<string, unknown>>,
    disk?: DiskConfig,
  ): Promise<void> {
    try {
      await this.#run('device_add', { ...device, id: plugged.qdev, bus: hotPortId(plugged.port) }, disk);
    } catch (error) {
      await this.#dropBackend(plugged);
      throw error;
    }
    this.#plugged.set(id, plugged);
  }

  /** Presses the device's button: the guest lets it go when it has done with it. @throws VmFailure */
  async remove(id: string): Promise<void> {
    const plugged = this.#plugged.get(id);
    if (plugged === undefined) {
      throw new VmFailure(
        deviceManager,
        'The stand-in for cloud-hypervisor removes only what was added while it runs',
      );
    }
    await this.#run('device_del', { id: plugged.qdev });
  }

  /** QEMU tells that the guest has let a device go: what is behind it is closed. */
  async onDeleted(qdev: string): Promise<void> {
    const [id, plugged] = [...this.#plugged].find(([, each]) => each.qdev === qdev) ?? [];
    if (id === undefined || plugged === undefined) return;
    await this.#dropBackend(plugged);
    this.#plugged.delete(id);
    this.#onGone(id);
  }

  /** One that is gone already is no failure. */
  async #dropBackend({ kind, backend }: Plugged): Promise<void> {
    const dropped =
      kind === 'disk'
        ? this.#qmp.run('blockdev-del', { 'node-name': backend })
        : this.#qmp.run('netdev_del', { id: backend });
    await dropped.catch(() => {});
  }

  /** `disk`: the one whose lock may be refused. */
  async #run(command: string, parameters: Readonly<Record<string, unknown>>, disk?: DiskConfig) {
    try {
      await this.#qmp.run(command, parameters);
    } catch (error) {
      if (!(error instanceof QmpError)) throw error;
      const isLocked = disk !== undefined && /Failed to get .* lock/.test(error.message);
      const causes = isLocked ? lockFailure(disk) : [error.message];
      throw new VmFailure(deviceManager, ...causes);
    }
  }
}
