import type { Clock } from '../../../lib/clock.ts';
import type { VmPaths } from '../../host/vm-identity.ts';
import type { NodeEffects } from '../node-effects.ts';

interface FakeProcess {
  readonly pid: number;
  readonly startTicks: number;
  readonly paths: VmPaths;
  readonly tapIfindex: number | undefined;
  state: 'empty' | 'created' | 'running' | 'paused';
  bootId: string | undefined;
  cmdline: string;
  /** Monotonic time at which it ends by itself. */
  endsAtMs: number;
}

/** How long the fake guest takes to power off after the button was pressed. */
const POWER_OFF_MS = 700;

/** A host in memory. It fails a test at once when two VMMs of one VM live at the same time. */
export class FakeHost implements NodeEffects {
  readonly records = new Map<string, string>();
  readonly runDirectories = new Set<string>();
  readonly volumes = new Map<string, number>();
  /** Users of the volumes that are kept after their deletion. */
  readonly retained = new Map<string, string>();
  readonly standbys = new Map<string, string>();
  /** Bumped by whatever runs on the volume. */
  volumeWriteCount = 0;
  /** Snapshots by the state of the guest that was written out; a corrupt one cannot be restored. */
  snapshot: { bootId: string | undefined; cmdline: string; isWhole: boolean } | undefined;
  readonly taps = new Map<string, number>();
  readonly firewall = new Set<string>();
  readonly processes = new Map<number, FakeProcess>();
  readonly violations: string[] = [];
  /** A guest that is up, but answers nobody. */
  isGuestSilent = false;
  /** What is wrong with the guest image's files. */
  imageError: Error | undefined;
  /** Called at each look at the files. */
  onVerifyImage = () => {};
  /** A guest whose power button does nothing. */
  isGuestDeaf = false;
  /** Tap of the VM under test. */
  readonly tap: string;
  readonly #vmId: string;
  readonly #clock: Clock;
  #nextNumber = 100;

  constructor(options: { vmId: string; tap: string; clock: Clock }) {
    this.#vmId = options.vmId;
    this.tap = options.tap;
    this.#clock = options.clock;
  }

  living(): FakeProcess[] {
    const nowMs = this.#clock.monotonicMs();
    for (const process of this.processes.values()) {
      if (process.endsAtMs <= nowMs) this.processes.delete(process.pid);
    }
    return [...this.processes.values()];
  }

  /** SIGKILL from outside. */
  kill(pid: number): void {
    this.processes.delete(pid);
  }

  readRecord = async (paths: VmPaths) => this.records.get(paths.record);

  readProcess = async (pid: number) => this.#entries().find((entry) => entry.pid === pid);

  listProcesses = async () => this.#entries();

  observeGuestPort: NodeEffects['observeGuestPort'] = async ({ tap }) => ({
    ifindex: this.taps.get(tap),
    isConverged: this.taps.has(tap) && this.firewall.has(tap),
    isAbsent: !this.taps.has(tap) && !this.firewall.has(tap),
  });

  vmmState: NodeEffects['vmmState'] = async (paths) => this.#at(paths)?.state ?? 'unreachable';

  guestInfo: NodeEffects['guestInfo'] = async (paths) => {
    const { bootId, state } = this.#at(paths) ?? {};
    if (state === 'paused') this.violations.push('a paused guest was asked');
    return bootId === undefined || this.isGuestSilent ? undefined : { bootId, vmId: this.#vmId };
  };

  ingressAnswers: NodeEffects['ingressAnswers'] = async () => {
    // A guest whose VMM holds a tap that is gone cannot be reached over the network.
    const ifindex = this.taps.get(this.tap);
    return this.firewall.has(this.tap) && this.living().some((process) => process.tapIfindex === ifindex);
  };

  volumeBytes: NodeEffects['volumeBytes'] = async (uid) => this.volumes.get(uid);

  describeExit = async () => 'it was killed';

  ensureVolume: NodeEffects['ensureVolume'] = async (uid, sizeBytes) => {
    this.volumes.set(uid, Math.max(sizeBytes, this.volumes.get(uid) ?? 0));
  };

  removeVolume: NodeEffects['removeVolume'] = async (uid, { owner, retentionMs }) => {
    if (this.living().length > 0) this.violations.push('a volume was removed under a live VMM');
    if (this.volumes.delete(uid) && retentionMs > 0) this.retained.set(uid, owner.user);
  };

  ensureGuestPort: NodeEffects['ensureGuestPort'] = async ({ tap }) => {
    const tapRepaired = !this.taps.has(tap);
    const firewallRepaired = !this.firewall.has(tap);
    const ifindex = this.taps.get(tap) ?? this.#nextNumber++;
    this.taps.set(tap, ifindex);
    this.firewall.add(tap);
    return { ifindex, tapRepaired, firewallRepaired };
  };

  removeGuestPort: NodeEffects['removeGuestPort'] = async (tap) => {
    this.taps.delete(tap);
    this.firewall.delete(tap);
  };

  prepareRunDirectory: NodeEffects['prepareRunDirectory'] = async (paths) => {
    this.runDirectories.add(paths.directory);
  };

  removeRunDirectory: NodeEffects['removeRunDirectory'] = async (paths) => {
    this.runDirectories.delete(paths.directory);
    this.records.delete(paths.record);
  };

  clearRun: NodeEffects['clearRun'] = async (paths) => {
    this.records.delete(paths.record);
  };

  writeRecord: NodeEffects['writeRecord'] = async (paths, text) => {
    this.records.set(paths.record, text);
  };

  spawnVmm = async (paths: VmPaths) => {
    if (this.living().length > 0) this.violations.push('a second VMM was started');
    const number = this.#nextNumber++;
    const process: FakeProcess = {
      pid: number,
      startTicks: number * 10,
      paths,
      tapIfindex: this.taps.get(this.tap),
      state: 'empty',
      bootId: undefined,
      cmdline: '',
      endsAtMs: Number.POSITIVE_INFINITY,
    };
    this.processes.set(process.pid, process);
    return { pid: process.pid, startTicks: process.startTicks };
  };

  awaitVmmApi: NodeEffects['awaitVmmApi'] = async (paths) => {
    if (this.#at(paths) === undefined) throw new Error('no VMM');
  };

  createVm: NodeEffects['createVm'] = async (paths, config) => {
    const process = this.#need(paths);
    if (process.state !== 'empty') throw new Error('there is a VM already');
    process.state = 'created';
    process.cmdline = config.payload.cmdline;
  };

  verifyImage: NodeEffects['verifyImage'] = async () => {
    this.onVerifyImage();
    if (this.imageError !== undefined) throw this.imageError;
  };

  bootVm: NodeEffects['bootVm'] = async (paths) => {
    if (this.imageError !== undefined) this.violations.push('a VM was booted from a corrupt image');
    const process = this.#need(paths);
    if (process.state !== 'created') throw new Error(`cannot boot a VM that is ${process.state}`);
    this.#goesOn();
    process.state = 'running';
    process.bootId = `boot-${this.#nextNumber++}`;
  };

  readStandby: NodeEffects['readStandby'] = async (paths) => this.standbys.get(paths.standby);

  volumeMark: NodeEffects['volumeMark'] = async (uid) =>
    this.volumes.has(uid) ? `mark-${this.volumeWriteCount}` : undefined;

  flushVolume: NodeEffects['flushVolume'] = async () => `mark-${this.volumeWriteCount}`;

  requireSnapshotRoom: NodeEffects['requireSnapshotRoom'] = async () => {};

  takeSnapshot: NodeEffects['takeSnapshot'] = async (paths) => {
    const { state, bootId, cmdline } = this.#need(paths);
    if (state !== 'paused') throw new Error(`cannot write out a VM that is ${state}`);
    if (this.standbys.size > 0) this.violations.push('a snapshot was written over one that is named');
    this.snapshot = { bootId, cmdline, isWhole: true };
    return { vmmVersion: 'v1', files: [] };
  };

  writeStandby: NodeEffects['writeStandby'] = async (paths, text) => {
    this.standbys.set(paths.standby, text);
  };

  removeStandby: NodeEffects['removeStandby'] = async (paths) => {
    this.standbys.delete(paths.standby);
    this.snapshot = undefined;
  };

  restoreVm: NodeEffects['restoreVm'] = async (paths) => {
    const process = this.#need(paths);
    if (process.state !== 'empty') throw new Error('there is a VM already');
    if (this.snapshot?.isWhole !== true) throw new Error('state.json is not as it was written');
    Object.assign(process, { ...this.snapshot, state: 'paused' });
  };

  pauseVm: NodeEffects['pauseVm'] = async (paths) => {
    const process = this.#need(paths);
    if (process.state !== 'running') throw new Error(`cannot pause a VM that is ${process.state}`);
    process.state = 'paused';
  };

  resumeVm: NodeEffects['resumeVm'] = async (paths) => {
    this.#goesOn();
    this.#need(paths).state = 'running';
  };

  pressPowerButton: NodeEffects['pressPowerButton'] = async (paths) => {
    const process = this.#need(paths);
    if (process.state === 'paused') process.state = 'running';
    if (this.isGuestDeaf) return;
    process.endsAtMs = Math.min(process.endsAtMs, this.#clock.monotonicMs() + POWER_OFF_MS);
  };

  shutdownVmm: NodeEffects['shutdownVmm'] = async (paths) => {
    this.processes.delete(this.#need(paths).pid);
  };

  killProcess: NodeEffects['killProcess'] = async ({ pid, startTicks }) => {
    if (this.processes.get(pid)?.startTicks === startTicks) this.processes.delete(pid);
  };

  /** A guest that runs writes to its volume: a memory of an earlier state of it must not be there any more. */
  #goesOn(): void {
    if (this.standbys.size > 0) this.violations.push('a VM went on while its snapshot could be restored');
    this.volumeWriteCount += 1;
  }

  #entries() {
    return this.living().map(({ pid, startTicks, paths }) => ({
      pid,
      startTicks,
      sessionId: pid,
      argv: ['cloud-hypervisor', '--api-socket', `path=${paths.apiSocket}`],
    }));
  }

  #at(paths: VmPaths): FakeProcess | undefined {
    return this.living().find((process) => process.paths.apiSocket === paths.apiSocket);
  }

  #need(paths: VmPaths): FakeProcess {
    const process = this.#at(paths);
    if (process === undefined) throw new Error('no VMM answers');
    return process;
  }
}
