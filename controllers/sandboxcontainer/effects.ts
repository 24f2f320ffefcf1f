import type { ApiClient } from '../../api/client/index.ts';
import type { Stored } from '../../crds/meta/meta.ts';
import type { LifecycleEvent } from '../../crds/meta/status-commit.ts';
import { SANDBOX_CONTAINER_FINALIZER } from '../../crds/sandboxcontainer/conditions.ts';
import { type SandboxContainer, sandboxContainerDefinition } from '../../crds/sandboxcontainer/definition.ts';
import { ensureFinalizer, removeFinalizer, type StatusCommitter } from '../runtime/index.ts';
import type { NewStatus } from './without-vm.ts';

/** Everything that the container reconciler writes to the API. With `GuestEffects` these are all its effects. */
export interface ApiEffects {
  addFinalizer(object: Stored<SandboxContainer>): Promise<Stored<SandboxContainer>>;
  removeFinalizer(object: Stored<SandboxContainer>): Promise<void>;
  /** Writes nothing when nothing changed and there are no events. */
  commit(object: Stored<SandboxContainer>, next: NewStatus): Promise<void>;
}

/** The real ones. */
export function apiEffects(
  client: Pick<ApiClient, 'patch'>,
  committer: Pick<StatusCommitter, 'commit'>,
): ApiEffects {
  return {
    addFinalizer: (object) =>
      ensureFinalizer(client, sandboxContainerDefinition, object, SANDBOX_CONTAINER_FINALIZER),
    removeFinalizer: async (object) => {
      await removeFinalizer(client, sandboxContainerDefinition, object, SANDBOX_CONTAINER_FINALIZER);
    },
    commit: async (object, { status, events }) => {
      const written: readonly LifecycleEvent[] = events;
      await committer.commit(sandboxContainerDefinition, object, status, written);
    },
  };
}
