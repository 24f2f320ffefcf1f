import type { ContainerCreate, PodmanContainer, PodmanInspect, PodmanStats } from '../../lib/podman/index.ts';
import type { RouteKey } from '../ingress/guest-ingress.ts';
import type { GuestInfo } from './guest-info.ts';

/** What can be seen of one guest, without changing anything. */
export interface GuestReads {
  listContainers(signal: AbortSignal): Promise<PodmanContainer[]>;
  inspectContainer(id: string, signal: AbortSignal): Promise<PodmanInspect>;
  containerStats(ids: readonly string[], signal: AbortSignal): Promise<PodmanStats[]>;
  listRoutes(signal: AbortSignal): Promise<ReadonlyMap<string, string>>;
  /** The guest kernel's boot id, and whom it killed. */
  readInfo(signal: AbortSignal): Promise<GuestInfo>;
  imageExists(reference: string, signal: AbortSignal): Promise<boolean>;
}

/**
 * Everything that the controller can change in a guest. Each is idempotent or, as `createContainer`, refuses to be
 * done twice; each may have been done although it rejected.
 */
export interface GuestEffects {
  /** Makes directories of the data volume where they are missing. */
  ensureDataDirectories(names: readonly string[], signal: AbortSignal): Promise<void>;
  pullImage(reference: string, signal: AbortSignal): Promise<void>;
  /** Returns the id. */
  createContainer(create: ContainerCreate, signal: AbortSignal): Promise<string>;
  startContainer(id: string, signal: AbortSignal): Promise<void>;
  killContainer(id: string, signal: AbortSignal): Promise<void>;
  stopContainer(id: string, graceSeconds: number, signal: AbortSignal): Promise<void>;
  removeContainer(id: string, graceSeconds: number, signal: AbortSignal): Promise<void>;
  setRoute(key: RouteKey, target: string, signal: AbortSignal): Promise<void>;
  deleteRoute(key: RouteKey, signal: AbortSignal): Promise<void>;
}

/** Names of the effects, in one list so that tests can fail each of them. */
export const GUEST_EFFECTS = [
  'ensureDataDirectories',
  'pullImage',
  'createContainer',
  'startContainer',
  'killContainer',
  'stopContainer',
  'removeContainer',
  'setRoute',
  'deleteRoute',
] as const satisfies readonly (keyof GuestEffects)[];

export type Guest = GuestReads & GuestEffects;

/** The guest of a VM. @param vmUid the UserVM's UID */
export type GuestOf = (vmUid: string) => Guest;
