import type { Lister } from '../../api/client/index.ts';
import type { SandboxContainer } from '../../crds/sandboxcontainer/definition.ts';
import type { UserVm } from '../../crds/uservm/definition.ts';
import type { Clock } from '../../lib/clock.ts';
import type { Logger } from '../../lib/logger.ts';
import type { AddressBook } from './address-book.ts';
import type { ApiEffects } from './effects.ts';
import type { GuestOf } from './guest.ts';
import type { GuestObserver } from './guest-observer.ts';
import type { PidsWatch } from './pids-watch.ts';
import type { Prober } from './prober.ts';
import type { RestartBackoff } from './restart-backoff.ts';

/** What the steps of a reconcile are given. */
export interface ContainerDependencies {
  readonly nodeName: string;
  readonly clock: Clock;
  readonly logger: Logger;
  readonly containers: Lister<SandboxContainer>;
  readonly userVms: Lister<UserVm>;
  readonly api: ApiEffects;
  readonly guestOf: GuestOf;
  readonly observer: GuestObserver;
  /** The VMM's hybrid vsock socket of a VM. */
  readonly vmSocketPath: (vmUid: string) => string;
  readonly prober: Pick<Prober, 'watch' | 'forget'>;
  readonly backoff: RestartBackoff;
  readonly pidsWatch: PidsWatch;
  readonly addresses: AddressBook;
  /** Why the controller itself ended a run, by instance, until the end is recorded. */
  readonly killedFor: Map<string, 'PidsLimitExceeded' | 'DeadlineExceeded'>;
  /** For the metrics. */
  readonly onRestarts: (count: number) => void;
  /** How often a guest is looked at. */
  readonly tickMs: number;
}
