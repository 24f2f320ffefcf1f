import type { PodmanContainer } from '../../lib/podman/index.ts';
import type { RouteKey } from '../ingress/guest-ingress.ts';
import { CONTAINER_LABELS } from './labels.ts';

/** A container in a guest that no object is known for. */
export interface OrphanContainer {
  readonly id: string;
  readonly what: string;
  /** UID and name of the SandboxContainer that it was made for; undefined where its labels name none. */
  readonly madeFor: { readonly uid: string; readonly name: string } | undefined;
}

/** Something in a guest that belongs to no object. */
export interface Orphans {
  readonly containers: readonly OrphanContainer[];
  readonly routes: readonly RouteKey[];
}

export interface OrphanInput {
  readonly containers: readonly PodmanContainer[];
  readonly routes: ReadonlyMap<string, string> | undefined;
  /** UIDs and roles of the SandboxContainers of this VM, those being deleted included. */
  readonly declared: readonly { readonly uid: string; readonly role: string }[];
}

/**
 * What is to go from a guest: containers of objects that are not there any more, and those without Holt's label:
 * only root of the guest could have made them, and nobody but Holt is to be that. Helpers are given the time they
 * take by the caller. Pure.
 */
export function findOrphans(input: OrphanInput): Orphans {
  const uids = new Set(input.declared.map(({ uid }) => uid));
  const roles = new Set(input.declared.map(({ role }) => role));
  return {
    containers: input.containers
      .filter((container) => !uids.has(container.labels[CONTAINER_LABELS.uid] ?? ''))
      .map((container) => ({
        id: container.id,
        what: describe(container),
        madeFor: madeFor(container),
      })),
    routes: (['live', 'dev'] as const).filter((key) => input.routes?.has(key) === true && !roles.has(key)),
  };
}

function madeFor({ labels }: PodmanContainer): OrphanContainer['madeFor'] {
  const [uid, name] = [labels[CONTAINER_LABELS.uid], labels[CONTAINER_LABELS.name]];
  return uid === undefined || name === undefined ? undefined : { uid, name };
}

function describe(container: PodmanContainer): string {
  const uid = container.labels[CONTAINER_LABELS.uid];
  if (uid !== undefined) return `container ${container.name} of a SandboxContainer that is gone (UID ${uid})`;
  if (CONTAINER_LABELS.helper in container.labels) return `helper container ${container.name}`;
  return `container ${container.name} (${container.id.slice(0, 12)}), which Holt did not make`;
}
