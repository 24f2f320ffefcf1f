import type { Condition, Stored } from '../../crds/meta/meta.ts';
import type { SandboxContainer } from '../../crds/sandboxcontainer/definition.ts';
import type { UserVm, UserVmStatus } from '../../crds/uservm/definition.ts';

/** What a rollout needs to know of one VM. */
export interface VmView {
  readonly vm: Stored<UserVm>;
  readonly uid: string;
  /** It is to run: a VM that is stopped misses nothing by another artifact. */
  readonly isServing: boolean;
  /** Wall milliseconds since when it is Ready; undefined: it is not. */
  readonly readySinceMs: number | undefined;
  /** The same of it and of its live container, where it has one. */
  readonly liveSinceMs: number | undefined;
  /** Digest of the artifact that its VMM was started with; undefined: it has none. */
  readonly booted: string | undefined;
  /** What a rollout of this very image gave it. */
  readonly assigned: UserVmStatus['desiredImage'];
}

/** Phases of a VM that takes no requests by its user's wish. */
const AT_REST: ReadonlySet<string> = new Set(['Stopped', 'Standby', 'Paused']);

/** @param liveContainers the VM's containers of the role live */
export function viewOf(vm: Stored<UserVm>, liveContainers: readonly SandboxContainer[]): VmView {
  const { status = {} } = vm;
  const readySinceMs = readySince(status.conditions);
  const sinceMs = [readySinceMs, ...liveContainers.map((each) => readySince(each.status?.conditions))];
  const isLive = sinceMs.every((since) => since !== undefined);
  return {
    vm,
    uid: vm.metadata.uid,
    isServing: vm.spec.powerState === 'Running' && !isAtRest(vm),
    readySinceMs,
    liveSinceMs: isLive ? Math.max(...sinceMs.map((since) => since ?? 0)) : undefined,
    booted: status.guestImage?.name === vm.spec.guestImage ? status.guestImage.digest : undefined,
    assigned: status.desiredImage?.name === vm.spec.guestImage ? status.desiredImage : undefined,
  };
}

/** Put to rest with its spec still saying Running, as by an idle policy; one that is being started is not. */
export function isAtRest({ metadata, status }: Pick<UserVm, 'metadata' | 'status'>): boolean {
  return AT_REST.has(status?.phase ?? '') && status?.observedGeneration === metadata.generation;
}

function readySince(conditions: readonly Condition[] | undefined): number | undefined {
  const ready = conditions?.find(({ type }) => type === 'Ready');
  return ready?.status === 'True' ? Date.parse(ready.lastTransitionTime) : undefined;
}
