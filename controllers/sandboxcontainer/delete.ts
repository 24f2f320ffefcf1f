import type { Stored } from '../../crds/meta/meta.ts';
import { SANDBOX_CONTAINER_FINALIZER } from '../../crds/sandboxcontainer/conditions.ts';
import type { SandboxContainer } from '../../crds/sandboxcontainer/definition.ts';
import { withSpan } from '../../lib/telemetry.ts';
import { hasFinalizer, type ReconcileResult } from '../runtime/index.ts';
import type { ContainerDependencies } from './dependencies.ts';
import { routePortOf, STOP_GRACE_SECONDS } from './effective-spec.ts';
import { findOwnContainer } from './own-container.ts';
import { planRoute } from './plan.ts';
import { routeKeyOf } from './route.ts';

/**
 * Takes the route away, then the container, then the finalizer.
 * @param vmUid undefined: the guest does not run. What it still has on its volume never starts by itself, and is
 * removed as an orphan when the guest runs again.
 */
export async function deleteContainer(
  dependencies: ContainerDependencies,
  object: Stored<SandboxContainer>,
  vmUid: string | undefined,
  signal: AbortSignal,
): Promise<ReconcileResult> {
  const { observer, guestOf, api, logger } = dependencies;
  if (!hasFinalizer(object, SANDBOX_CONTAINER_FINALIZER)) return {};
  if (vmUid !== undefined) {
    observer.invalidate(vmUid);
    const { containers, routes } = await observer.observe(vmUid, signal);
    const { uid, name } = object.metadata;
    const { own } = findOwnContainer(containers, { uid, name });
    const guest = guestOf(vmUid);
    const key = routeKeyOf(object.spec.role, routePortOf(object.spec));
    try {
      const step = planRoute({ key, target: undefined, routes });
      if (step !== undefined) await guest.deleteRoute(step.key, signal);
      if (own !== undefined) {
        const attributes = { vm_id: object.status?.vmId, container_name: name };
        await withSpan('container remove', { attributes }, () =>
          guest.removeContainer(own.id, STOP_GRACE_SECONDS, signal),
        );
      }
    } finally {
      observer.invalidate(vmUid);
    }
    if (own !== undefined)
      logger.info(
        { vm_id: object.status?.vmId, container_name: name, container_id: own.id },
        'removed container',
      );
  }
  await api.removeFinalizer(object);
  return {};
}
