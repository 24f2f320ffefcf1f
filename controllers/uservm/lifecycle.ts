import { USER_VM_CONDITIONS } from '../../crds/uservm/conditions.ts';
import type { LifecycleStep, UserVm } from '../../crds/uservm/definition.ts';
import type { StepName } from './step.ts';

/** The name under which a step's end stands in `status.lifecycle`. */
export const LIFECYCLE_NAMES: Readonly<Partial<Record<StepName, string>>> = {
  verifyImage: 'imageVerified',
  ensureVolume: 'volumeReady',
  ensureNetwork: 'networkReady',
  spawnVmm: 'vmmStarted',
  createVm: 'vmCreated',
  bootVm: 'vmBooted',
  restoreVm: 'vmRestored',
};

/** The first start's first step: from the object's creation to its binding, both by the API server's wall clock. */
export function scheduledStepOf(vm: UserVm): LifecycleStep[] {
  const condition = vm.status?.conditions?.find(({ type }) => type === USER_VM_CONDITIONS.Scheduled);
  const created = Date.parse(vm.metadata.creationTimestamp ?? '');
  if (condition === undefined || Number.isNaN(created) || (vm.status?.bootCount ?? 0) > 0) return [];
  const atMs = Date.parse(condition.lastTransitionTime);
  return [{ name: 'scheduled', at: condition.lastTransitionTime, durationMs: Math.max(0, atMs - created) }];
}
