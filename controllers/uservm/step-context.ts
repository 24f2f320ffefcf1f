import type { Clock } from '../../lib/clock.ts';
import type { VmPaths } from '../host/vm-identity.ts';
import type { VolumeOwner } from '../volumes/retention/retained-record.ts';
import type { EnsuredGuestPort, GuestPort, NodeEffects } from './node-effects.ts';
import type { DesiredVm } from './observation.ts';
import type { VmmRecord } from './vmm-record.ts';

/** What every step of one VM may use. */
export interface StepContext {
  readonly effects: NodeEffects;
  readonly clock: Clock;
  readonly uid: string;
  readonly vmId: string;
  readonly user: string;
  readonly paths: VmPaths;
  readonly port: GuestPort;
  readonly gateway: string;
  readonly dataDisk: string;
  readonly desired: DesiredVm;
  readonly owner: VolumeOwner;
  /** For how long what is deleted or replaced of its data is kept. */
  readonly retentionMs: number;
}

/** What the steps hand on to one another. */
export interface StepState {
  readonly record: VmmRecord | undefined;
  readonly ensuredPort: EnsuredGuestPort | undefined;
  /** Size of the data volume that is booted. */
  readonly volumeBytes: number | undefined;
}

/** A step that failed, with the reason for condition and event. */
export class StepError extends Error {
  readonly step: string;
  readonly reason: string;

  constructor(options: { step: string; reason: string; cause: unknown }) {
    const detail = options.cause instanceof Error ? options.cause.message : String(options.cause);
    super(detail, { cause: options.cause });
    this.name = 'StepError';
    this.step = options.step;
    this.reason = options.reason;
  }
}
