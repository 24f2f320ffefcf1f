import { SANDBOX_CONTAINER_REASONS as REASONS } from '../../crds/sandboxcontainer/conditions.ts';
import type { SandboxContainer } from '../../crds/sandboxcontainer/definition.ts';
import type { Clock } from '../../lib/clock.ts';
import { type NewStatus, statusWithoutVm } from '../sandboxcontainer/without-vm.ts';
import type { BindingPlan } from './plan.ts';

type Bind = Extract<BindingPlan, { action: 'bind' }>;
type Unbind = Extract<BindingPlan, { action: 'unbind' }>;

/** The status of a container on its node; what an earlier node found out about it is no longer true. */
export function statusOfBinding(
  container: SandboxContainer,
  { nodeName, movedFrom }: Bind,
  clock: Pick<Clock, 'nowMs'>,
): NewStatus {
  const { status = {} } = container;
  if (movedFrom === undefined) {
    return { status: { ...status, phase: status.phase ?? 'Pending', nodeName }, events: [] };
  }
  const message = `UserVM ${container.spec.vmRef.name} moved from node ${movedFrom} to ${nodeName}`;
  const why = { reason: REASONS.UserVmNotReady, message };
  const next = statusWithoutVm(container, why, undefined, clock);
  return { ...next, status: { ...next.status, nodeName } };
}

/** The status of a container that is on no node. An unchanged reason adds no event. */
export function statusWithoutNode(
  container: SandboxContainer,
  { isVmThere }: Unbind,
  clock: Pick<Clock, 'nowMs'>,
): NewStatus {
  const { name } = container.spec.vmRef;
  const { namespace = '' } = container.metadata;
  const why = isVmThere
    ? { reason: REASONS.UserVmNotReady, message: `UserVM ${name} is not placed on a node yet` }
    : {
        reason: REASONS.UserVmNotFound,
        message: `there is no UserVM ${name} in namespace ${namespace}: create it, or name another in spec.vmRef`,
      };
  const next = statusWithoutVm(container, why, undefined, clock);
  return { ...next, status: { ...next.status, nodeName: undefined } };
}
