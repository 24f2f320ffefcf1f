import type { ProcessIdentity } from '../../lib/process-identity.ts';
import type { ProcessEntry } from '../host/process-table.ts';
import type { VmPaths } from '../host/vm-identity.ts';
import type { VmConfig } from '../vmm/vm-config.ts';
import type { VolumeOwner } from '../volumes/retention/retained-record.ts';
import type { VmSnapshot } from './standby-record.ts';

/** A guest's own words (vsock port 1027). */
export interface GuestInfo {
  readonly bootId: string;
  readonly vmId: string;
}

/** How a volume is kept when its VM is deleted. */
export interface VolumeKeeping {
  readonly owner: VolumeOwner;
  /** 0: it is removed at once. */
  readonly retentionMs: number;
}

/** What one VM needs on the network. */
export interface GuestPort {
  readonly tap: string;
  readonly mac: string;
  readonly ip: string;
}

/** What a VMM is started for: it may use this and nothing else of the host. */
export interface VmmLaunch {
  readonly vmId: string;
  readonly port: GuestPort;
  readonly cpus: number;
  readonly memoryBytes: number;
  /** Kernel, initramfs and root disk: the VMM sees the folders that they are in. */
  readonly readPaths: readonly string[];
  readonly dataDisk: string;
}

export interface EnsuredGuestPort {
  readonly ifindex: number;
  readonly tapRepaired: boolean;
  readonly firewallRepaired: boolean;
}

export interface GuestPortSight {
  /** The tap that the VMM sees; undefined: no VMM, or no such tap any more. */
  readonly ifindex: number | undefined;
  readonly isConverged: boolean;
  /** Neither port, namespace nor firewall entry. */
  readonly isAbsent: boolean;
}

/** `unreachable`: no readable answer. `empty`: a VMM without a VM. */
export type VmmApiState = 'unreachable' | 'empty' | 'created' | 'running' | 'paused';

/**
 * Everything by which the UserVM controller sees and changes its host: the one place where a test puts faults.
 * Every call is bounded in time. Each change is idempotent: done twice it leaves what once leaves.
 */
export interface NodeEffects {
  // What is there
  readRecord(paths: VmPaths): Promise<string | undefined>;
  /** Text of `standby.json`. */
  readStandby(paths: VmPaths): Promise<string | undefined>;
  readProcess(pid: number): Promise<ProcessEntry | undefined>;
  listProcesses(): Promise<readonly ProcessEntry[]>;
  /** `vmmPid`: the VMM whose tap is looked at. */
  observeGuestPort(port: GuestPort, vmmPid: number | undefined): Promise<GuestPortSight>;
  vmmState(paths: VmPaths): Promise<VmmApiState>;
  /** Undefined when the guest does not answer (yet). */
  guestInfo(paths: VmPaths): Promise<GuestInfo | undefined>;
  ingressAnswers(ip: string): Promise<boolean>;
  /** Size of the data volume; undefined when there is none. */
  volumeBytes(uid: string): Promise<number | undefined>;
  /** What tells the volume from itself after any write; undefined when there is none. */
  volumeMark(uid: string): Promise<string | undefined>;
  /** Why a VMM ended, as far as its event file and log tell; empty when they don't. */
  describeExit(paths: VmPaths): Promise<string>;

  /**
   * Looks whether the artifact may be booted from, and keeps it from being removed until the start is recorded.
   * @throws ArtifactError where a file is absent or not what its digest says
   */
  verifyImage(digest: string): Promise<void>;

  // What is changed
  /** @throws DiskFullError */
  ensureVolume(uid: string, sizeBytes: number): Promise<void>;
  /** Sets the volume aside for its retention time. */
  removeVolume(uid: string, keeping: VolumeKeeping): Promise<void>;
  ensureGuestPort(port: GuestPort): Promise<EnsuredGuestPort>;
  removeGuestPort(tap: string): Promise<void>;
  /** Makes the run directory and unlinks sockets that an earlier VMM left. */
  prepareRunDirectory(paths: VmPaths): Promise<void>;
  removeRunDirectory(paths: VmPaths): Promise<void>;
  /** Unlinks the sockets, then the record. */
  clearRun(paths: VmPaths): Promise<void>;
  writeRecord(paths: VmPaths, text: string): Promise<void>;
  /** Starts a VMM, confined, in a session of its own, detached from this process. */
  spawnVmm(paths: VmPaths, launch: VmmLaunch): Promise<ProcessIdentity>;
  /** Resolves when the VMM's API answers. @throws when it does not in time or the process ended */
  awaitVmmApi(paths: VmPaths, process: ProcessIdentity): Promise<void>;
  createVm(paths: VmPaths, config: VmConfig): Promise<void>;
  bootVm(paths: VmPaths): Promise<void>;
  /** Freezes the VM; its memory and its connections stay. */
  pauseVm(paths: VmPaths): Promise<void>;
  resumeVm(paths: VmPaths): Promise<void>;
  /** @throws DiskFullError */
  requireSnapshotRoom(paths: VmPaths, memoryBytes: number): Promise<void>;
  /** Writes a paused VM out, flushed, in the place of an earlier snapshot. */
  takeSnapshot(paths: VmPaths): Promise<VmSnapshot>;
  /** Flushes the volume and tells its mark. */
  flushVolume(uid: string): Promise<string>;
  /** Says that the snapshot is whole: for good, also across a crash of the host. */
  writeStandby(paths: VmPaths, text: string): Promise<void>;
  /** Takes that back, for good, and then removes the snapshot. */
  removeStandby(paths: VmPaths): Promise<void>;
  /** Gives an empty VMM the VM of the snapshot; it stands still. @throws where that is not the one that was taken */
  restoreVm(paths: VmPaths, snapshot: VmSnapshot): Promise<void>;
  /** A paused VM goes on first: its guest could not answer the button. */
  pressPowerButton(paths: VmPaths): Promise<void>;
  shutdownVmm(paths: VmPaths): Promise<void>;
  /** SIGKILL to exactly this process; fine when it is gone. */
  killProcess(process: ProcessIdentity): Promise<void>;
}
