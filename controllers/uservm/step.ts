import type { ProcessIdentity } from '../../lib/process-identity.ts';
import type { VerifiedImage } from './observation.ts';
import type { StandbyRecord, VmSnapshot } from './standby-record.ts';
import type { VmmRecord } from './vmm-record.ts';

/** One named change, as data. What each does stands in the file of its name in `steps/`. */
export type Step =
  | { readonly name: 'killProcesses'; readonly processes: readonly ProcessIdentity[] }
  | { readonly name: 'clearRun' }
  /** The artifact with this digest is whole now: comes right before whatever is booted from it. */
  | { readonly name: 'verifyImage'; readonly digest: string }
  /** `isStart`: a volume that is there may stay too small, so that a full disk keeps no VM from starting. */
  | { readonly name: 'ensureVolume'; readonly isStart: boolean }
  | { readonly name: 'ensureNetwork' }
  | { readonly name: 'prepareRunDirectory' }
  /** `standby`: for the VM of that snapshot, not for a boot. */
  | { readonly name: 'spawnVmm'; readonly image: VerifiedImage; readonly standby?: StandbyRecord }
  | { readonly name: 'createVm'; readonly image: VerifiedImage }
  | { readonly name: 'bootVm' }
  | { readonly name: 'pauseVm' }
  | { readonly name: 'requireSnapshotRoom' }
  | { readonly name: 'takeSnapshot'; readonly bootId: string | undefined }
  | { readonly name: 'restoreVm'; readonly snapshot: VmSnapshot }
  /** Comes before whatever lets a VM run. */
  | { readonly name: 'removeStandby' }
  | { readonly name: 'resumeVm' }
  | { readonly name: 'beginStop'; readonly stop: NonNullable<VmmRecord['stop']> }
  | { readonly name: 'pressPowerButton' }
  | { readonly name: 'shutdownVmm' }
  | { readonly name: 'removeNetwork' }
  | { readonly name: 'removeVolume' }
  | { readonly name: 'removeRunDirectory' };

export type StepName = Step['name'];
