import type { ProcessIdentity } from '../../lib/process-identity.ts';
import type { HostInventory } from './plan.ts';

/** How the sweep sees and changes the host. */
export interface OrphanEffects {
  inventory(): Promise<HostInventory>;
  /** SIGKILL to exactly this process and to what shares its session. */
  killVmm(process: ProcessIdentity): Promise<void>;
  removeTap(tap: string): Promise<void>;
  removeRunDirectory(path: string): Promise<void>;
}
