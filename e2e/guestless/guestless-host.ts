import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdir, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { ApiClient } from '../../api/client/index.ts';
import { freePorts } from '../../api/testing/free-ports.ts';
import { ensureNetwork } from '../../controllers/network/ensure-network.ts';
import { guestImageDefinition } from '../../crds/guestimage/definition.ts';
import { systemClock } from '../../lib/clock.ts';
import { type HoltConfig, holtConfigSchema, statePaths } from '../../lib/config.ts';
import { runChecked, runCommand } from '../../lib/run-command.ts';
import { ensureHaproxyFiles } from '../../services/router/haproxy-files.ts';
import { haproxyArgv } from '../../services/router/haproxy-process.ts';
import { writeDevConfig } from '../../setup/dev-config.ts';
import { devDown } from '../../setup/dev-down.ts';
import { guestImageObject } from '../../setup/guest-image.ts';
import { startSupervisor, untilHealthy } from '../../setup/installation.ts';
import { readPartRecord } from '../../setup/part-record.ts';
import { planParts } from '../../setup/parts.ts';
import { ensurePki } from '../../setup/pki.ts';
import { Progress } from '../../setup/progress.ts';
import { makeFakeImage } from './fake-image.ts';
import { FakeVmms } from './fake-vmms.ts';

const checkout = fileURLToPath(new URL('../..', import.meta.url));
const INGRESS = fileURLToPath(new URL('./fake-ingress-main.ts', import.meta.url));
const PART_TIMEOUT_MS = 60_000;

/** The parts that the supervisor runs, by their names. */
export type PartName = 'etcd' | 'holt-api' | 'haproxy' | 'holt-manager' | 'holt-node' | 'holt-router';

/**
 * A whole Holt of real processes, under its real supervisor, whose VMs have no guests: FakeVmms answer in their
 * place. Its own state directory, ports and network namespace; `stop` leaves nothing behind, and neither does a
 * later start after a run that was killed.
 */
export class GuestlessHost {
  readonly config: HoltConfig;
  readonly client: ApiClient;
  readonly vmms: FakeVmms;
  readonly #ingress: ChildProcess;

  private constructor(config: HoltConfig, client: ApiClient, vmms: FakeVmms, ingress: ChildProcess) {
    this.config = config;
    this.client = client;
    this.vmms = vmms;
    this.#ingress = ingress;
  }

  /**
   * @param name short, of the run: the state directory is `.holt-<name>` in the checkout
   * @param options.smallDisksMiB VMs' and volumes' folders are file systems of this size, which can be filled
   */
  static async start(
    name: string,
    signal: AbortSignal,
    options: { readonly smallDisksMiB?: number } = {},
  ): Promise<GuestlessHost> {
    const stateDir = join(checkout, `.holt-${name}`);
    await removeState(stateDir);
    const paths = statePaths(stateDir);
    for (const path of [paths.images, paths.vms, paths.volumes, paths.run])
      await mkdir(path, { recursive: true });
    for (const path of options.smallDisksMiB === undefined ? [] : [paths.vms, paths.volumes])
      await runChecked(runCommand, [
        'mount',
        '-t',
        'tmpfs',
        '-o',
        `size=${options.smallDisksMiB}m`,
        'holt',
        path,
      ]);
    const vmms = await FakeVmms.start(join(stateDir, 'fake'));
    const config = await planConfig(stateDir, vmms);
    let ingress: ChildProcess | undefined;
    try {
      await writeDevConfig(config);
      await ensurePki(config, runCommand);
      await ensureNetwork(config);
      await ensureHaproxyFiles(config);
      ingress = await startFakeIngress(config);
      const digest = await makeFakeImage(paths.images);
      startSupervisor(config);
      for (const part of planParts(config, haproxyArgv(config)))
        await untilHealthy(part.checkHealth, PART_TIMEOUT_MS, systemClock, signal);
      const client = await ApiClient.fromKubeconfigFile(paths.kubeconfig, { userAgent: 'holt-drill' });
      await client.create(guestImageDefinition, await guestImageObject(paths.images, digest, 'default'));
      return new GuestlessHost(config, client, vmms, ingress);
    } catch (error) {
      ingress?.kill('SIGKILL');
      await removeState(stateDir).finally(() => vmms.stop());
      throw error;
    }
  }

  /** The process of a part that runs now; undefined while it is started again. */
  partPid(name: PartName): number | undefined {
    return readPartRecord(statePaths(this.config.stateDir).run, name)?.pid;
  }

  /** Ends all that was started, the VMs too, and removes the state. */
  async stop(): Promise<void> {
    await this.client.close();
    this.#ingress.kill('SIGKILL');
    await removeState(this.config.stateDir).finally(() => this.vmms.stop());
  }
}

async function planConfig(stateDir: string, vmms: FakeVmms): Promise<HoltConfig> {
  const names = Object.keys(holtConfigSchema.shape.ports.parse({}));
  const ports = await freePorts(names.length);
  return holtConfigSchema.parse({
    stateDir,
    netns: `holt-p${process.pid}`,
    ports: Object.fromEntries(names.map((name, index) => [name, ports[index]])),
    vmm: { binary: vmms.binary, readPaths: [vmms.folder], mode: 'kvm' },
    logLevel: 'warn',
  });
}

/** Stops what a run left in this directory, if anything, and removes it. */
async function removeState(stateDir: string): Promise<void> {
  const progress = new Progress(systemClock, () => {});
  await devDown({ stateDir, clock: systemClock, run: runCommand, progress });
  const { vms, volumes } = statePaths(stateDir);
  // Not mounted: nothing to do.
  for (const path of [vms, volumes]) await runCommand(['umount', path]);
  await rm(stateDir, { recursive: true, force: true });
}

/** Makes all addresses of the VMs local in their namespace, out of the sight of its main routes, and answers there. */
async function startFakeIngress({ netns, vmSubnet }: HoltConfig): Promise<ChildProcess> {
  await runChecked(runCommand, ['ip', '-n', netns, 'route', 'add', 'local', vmSubnet, 'dev', 'lo']);
  const argv = ['netns', 'exec', netns, process.execPath, INGRESS];
  const child = spawn('ip', argv, { stdio: ['ignore', 'pipe', 'inherit'] });
  await once(child.stdout, 'data');
  return child;
}
