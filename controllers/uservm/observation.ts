import type { ProcessIdentity } from '../../lib/process-identity.ts';
import type { BootSpec } from './boot-spec.ts';
import type { GuestInfo, GuestPort, GuestPortSight, VmmApiState } from './node-effects.ts';
import type { StandbyRecord } from './standby-record.ts';
import type { VmmRecord } from './vmm-record.ts';

/** What the object wants, without its form. */
export interface DesiredVm {
  readonly goal: 'run' | 'pause' | 'standby' | 'stop' | 'delete';
  readonly boot: BootSpec;
  readonly recycleRequest: string | undefined;
  /** The artifact that the VM is to be recycled onto; undefined: whichever it has. */
  readonly dueDigest: string | undefined;
}

/** Whether the guest image can be booted on this host now. */
export type ImageSight =
  | { readonly state: 'verified'; readonly image: VerifiedImage }
  | { readonly state: 'pending' }
  | { readonly state: 'missing'; readonly reason: string; readonly message: string };

export interface VerifiedImage {
  readonly name: string;
  readonly digest: string;
  readonly kernel: string;
  readonly initramfs: string;
  readonly rootDisk: string;
  readonly cmdline: string;
}

/** What this process remembers of a VM; all of it may be lost without harm. */
export interface VmMemorySight {
  /** Milliseconds until the next start may be tried. */
  readonly retryInMs: number;
  /** Why the last start failed, for the condition while it is waited. */
  readonly lastFailure: { readonly reason: string; readonly message: string } | undefined;
  /** Too many starts failed since the spec was last changed. */
  readonly isStalled: boolean;
  /** Unanswered checks in a row, this one not counted. */
  readonly silentCheckCount: number;
}

/** The recorded VMM process as it lives. */
export interface LiveVmm {
  readonly process: ProcessIdentity;
  readonly api: VmmApiState;
  readonly guest: GuestInfo | undefined;
  readonly ingress: boolean;
}

/** One look at a VM: everything that the plan depends on. */
export interface Observation {
  /** Wall milliseconds since the epoch. */
  readonly nowMs: number;
  readonly record: VmmRecord | undefined;
  readonly vmm: LiveVmm | undefined;
  /** A whole snapshot of this VM is there. */
  readonly standby: StandbyRecord | undefined;
  /** Of the data volume, looked at where there is a snapshot. */
  readonly volumeMark: string | undefined;
  /** Without a live recorded VMM: processes that still belong to this VM, and must go first. */
  readonly leftovers: readonly ProcessIdentity[];
  readonly port: GuestPort;
  readonly portSight: GuestPortSight;
  readonly image: ImageSight;
  /** The boot that the status names of this very VMM's guest. */
  readonly bootId: string | undefined;
  /** The status says that this very VMM's guest answered before. */
  readonly wasBooted: boolean;
  /** The same of the guest's ingress. */
  readonly wasReady: boolean;
  /** The status says that no start is tried any more for this generation. */
  readonly wasStalled: boolean;
  /** The status says that the VM is paused. */
  readonly wasPaused: boolean;
  /** The status says that a VMM of this VM ran, and nobody asked it to end. */
  readonly wasRunning: boolean;
  readonly memory: VmMemorySight;
}
