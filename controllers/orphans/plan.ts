import type { ProcessIdentity } from '../../lib/process-identity.ts';

/** What on this host carries a VM's short id. */
export interface HostInventory {
  readonly vmms: readonly { readonly shortId: string; readonly process: ProcessIdentity }[];
  readonly taps: readonly { readonly shortId: string; readonly tap: string }[];
  /** Firewall entries, named by their tap. */
  readonly firewallEntries: readonly { readonly shortId: string; readonly tap: string }[];
  readonly runDirectories: readonly { readonly shortId: string; readonly path: string }[];
  readonly volumes: readonly { readonly uid: string; readonly path: string }[];
}

/** The VMs that may have something on this host. */
export interface LiveVms {
  /** Short ids of UserVMs that are bound to this node. */
  readonly shortIds: ReadonlySet<string>;
  /** Their UIDs. */
  readonly uids: ReadonlySet<string>;
}

/** What belongs to no live UserVM of this node. */
export interface OrphanPlan {
  readonly processes: readonly { readonly shortId: string; readonly process: ProcessIdentity }[];
  readonly taps: readonly string[];
  readonly runDirectories: readonly string[];
  /**
   * Only told, never deleted: a volume is a user's data; its object may come back from a backup, or to this node.
   */
  readonly unknownVolumes: readonly string[];
}

/** Decides what is orphaned. Pure. A run directory goes only when no VMM is left that may use it. */
export function planOrphans(inventory: HostInventory, live: LiveVms): OrphanPlan {
  const isOrphan = (entry: { readonly shortId: string }) => !live.shortIds.has(entry.shortId);
  const processes = inventory.vmms.filter(isOrphan);
  const running = new Set(inventory.vmms.map(({ shortId }) => shortId));
  const taps = [...inventory.taps, ...inventory.firewallEntries].filter(isOrphan).map(({ tap }) => tap);
  return {
    processes,
    taps: [...new Set(taps)],
    runDirectories: inventory.runDirectories
      .filter((entry) => isOrphan(entry) && !running.has(entry.shortId))
      .map(({ path }) => path),
    unknownVolumes: inventory.volumes.filter(({ uid }) => !live.uids.has(uid)).map(({ path }) => path),
  };
}

/** True where there is nothing to remove. */
export function isWithoutOrphans(plan: OrphanPlan): boolean {
  return plan.processes.length === 0 && plan.taps.length === 0 && plan.runDirectories.length === 0;
}
