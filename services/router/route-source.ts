import type { Informer } from '../../api/client/index.ts';
import type { SandboxContainer } from '../../crds/sandboxcontainer/definition.ts';
import type { UserVm } from '../../crds/uservm/definition.ts';

/** Where routes come from: the objects that say what is to be served. */
export interface RouteSource {
  /** False until all objects were listed once: until then absence means nothing. */
  hasSynced(): boolean;
  userVms(): readonly UserVm[];
  containers(): readonly SandboxContainer[];
  /** Called after each change, and once all are listed. Returns the way to leave. */
  onChange(listener: () => void): () => void;
}

/** The source that follows the API. Informers keep what they know through an outage: nothing is withdrawn by one. */
export function informerRouteSource(
  userVms: Informer<UserVm>,
  containers: Informer<SandboxContainer>,
): RouteSource {
  return {
    hasSynced: () => userVms.hasSynced() && containers.hasSynced(),
    userVms: () => userVms.lister.list(),
    containers: () => containers.lister.list(),
    onChange: (listener) => {
      let left = false;
      const synced = () => {
        if (!left) listener();
      };
      void Promise.all([userVms.whenSynced(), containers.whenSynced()]).then(synced);
      const leave = [userVms.onChange(listener), containers.onChange(listener)];
      return () => {
        left = true;
        for (const stop of leave) stop();
      };
    },
  };
}
