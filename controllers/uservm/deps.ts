import type { ApiClient } from '../../api/client/index.ts';
import type { Stored } from '../../crds/meta/meta.ts';
import type { UserVm } from '../../crds/uservm/definition.ts';
import type { Clock } from '../../lib/clock.ts';
import type { Logger } from '../../lib/logger.ts';
import type { StatusCommitter } from '../runtime/index.ts';
import type { AddressBook } from './address-book.ts';
import type { UserVmLimits } from './limits.ts';
import type { UserVmMetrics } from './metrics.ts';
import type { NodeEffects } from './node-effects.ts';
import type { ImageSight } from './observation.ts';
import type { VmmRecord } from './vmm-record.ts';

/** The cache, and the answers to this controller's own writes where they are newer. */
export interface UserVmObjects {
  get(namespace: string, name: string): Stored<UserVm> | undefined;
  /** Keeps the answer to a write until the cache has caught up. */
  remember(object: Stored<UserVm>): void;
}

/** Everything that the reconciler uses of the world. */
export interface UserVmDeps {
  readonly objects: UserVmObjects;
  readonly client: Pick<ApiClient, 'patch'>;
  readonly committer: Pick<StatusCommitter, 'commit'>;
  readonly effects: NodeEffects;
  /** Whether the GuestImage of this name can be booted here, with the artifact that a rollout gave the VM. */
  readonly images: (guestImageName: string, assignedDigest?: string) => ImageSight;
  readonly addresses: AddressBook;
  /** UIDs whose VMs are owed the event that the namespace's firewall was mended. */
  readonly firewallNotices: Set<string>;
  /** Told after each commit which VMM process to watch for its end; undefined: none. */
  readonly watchVmm: (uid: string, record: VmmRecord | undefined) => void;
  readonly dataDiskOf: (uid: string) => string;
  readonly nodeName: string;
  readonly vmsDirectory: string;
  readonly subnet: string;
  readonly limits: UserVmLimits;
  readonly metrics: UserVmMetrics;
  readonly clock: Clock;
  readonly logger: Logger;
}
