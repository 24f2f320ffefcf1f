import type { VsockAddress } from '../../lib/http-over-vsock.ts';
import * as podman from '../../lib/podman/index.ts';
import { GUEST_PORTS } from '../host/guest-ports.ts';
import { GuestIngress } from '../ingress/guest-ingress.ts';
import type { Guest } from './guest.ts';
import { readGuestInfo } from './guest-info.ts';
import { CONTAINER_LABELS, DATA_DIRECTORY } from './labels.ts';

/** Observations are given up sooner than effects: the next tick asks again. */
const readTimeoutMs = 15_000;
/** Under emulation a create or a start takes seconds; the wait for a slow one costs nothing. */
const effectTimeoutMs = 60_000;

/** The guest behind a VMM's hybrid vsock socket. */
export function podmanGuest(socketPath: string): Guest {
  const api: VsockAddress = { socketPath, port: GUEST_PORTS.podman };
  const ingress = new GuestIngress({ socketPath, port: GUEST_PORTS.ingress });
  const read = (signal: AbortSignal) => ({ signal, timeoutMs: readTimeoutMs });
  const effect = (signal: AbortSignal) => ({ signal, timeoutMs: effectTimeoutMs });
  // Directories are only ever added, by this process alone: what was made once is still there.
  const knownDirectories = new Set<string>(['data']);
  return {
    listContainers: (signal) => podman.listContainers(api, read(signal)),
    inspectContainer: (id, signal) => podman.inspectContainer(api, id, read(signal)),
    containerStats: (ids, signal) => podman.containerStats(api, ids, read(signal)),
    listRoutes: (signal) => ingress.listRoutes({ signal }),
    readInfo: (signal) => readGuestInfo({ socketPath, port: GUEST_PORTS.info }, signal),
    imageExists: (reference, signal) => podman.imageExists(api, reference, read(signal)),
    ensureDataDirectories: async (names, signal) => {
      const missing = names.filter((name) => !knownDirectories.has(name));
      if (missing.length === 0) return;
      const helper = {
        name: `holt-data-${missing.join('-')}`.slice(0, 60),
        labels: { [CONTAINER_LABELS.helper]: 'data' },
      };
      await podman.ensureDataDirectories(
        api,
        { parent: DATA_DIRECTORY, names: missing, helper },
        effect(signal),
      );
      for (const name of missing) knownDirectories.add(name);
    },
    pullImage: (reference, signal) => podman.pullImage(api, reference, { signal }),
    createContainer: (create, signal) => podman.createContainer(api, create, effect(signal)),
    startContainer: (id, signal) => podman.startContainer(api, id, effect(signal)),
    killContainer: (id, signal) => podman.killContainer(api, id, effect(signal)),
    stopContainer: (id, graceSeconds, signal) => podman.stopContainer(api, id, graceSeconds, { signal }),
    removeContainer: (id, graceSeconds, signal) => podman.removeContainer(api, id, { signal, graceSeconds }),
    setRoute: (key, target, signal) => ingress.setRoute(key, target, { signal }),
    deleteRoute: (key, signal) => ingress.deleteRoute(key, { signal }),
  };
}
