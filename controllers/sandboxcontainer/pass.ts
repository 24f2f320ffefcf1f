import type { Stored } from '../../crds/meta/meta.ts';
import type { SandboxContainer } from '../../crds/sandboxcontainer/definition.ts';
import { isJob } from '../../crds/sandboxcontainer/job.ts';
import type { ContainerCreate } from '../../lib/podman/index.ts';
import type { Guest } from './guest.ts';
import type { FoundContainers, OwnContainer } from './own-container.ts';
import { startedAtOf } from './status.ts';
import { isFinishedStatus } from './without-vm.ts';

/** A VM whose guest may be called. */
export interface ReadyVm {
  readonly uid: string;
  /** Key of the UserVM. */
  readonly key: string;
  readonly vmId: string;
  readonly user: string;
}

/** What a pass knows before it acts. */
export interface Work {
  readonly guest: Guest;
  readonly address: string;
  readonly specHash: string;
  readonly create: ContainerCreate;
  readonly found: FoundContainers;
}

/** The status names a container of this generation, and the guest has none. Of a job its progress tells. */
export function isDisappeared(object: Stored<SandboxContainer>, found: FoundContainers): boolean {
  return (
    found.own === undefined &&
    !isJob(object) &&
    object.status?.containerId !== undefined &&
    object.status.observedGeneration === object.metadata.generation &&
    !isFinishedStatus(object)
  );
}

/** The status tells of this very run. */
export function isSameRun(object: Stored<SandboxContainer>, own: OwnContainer | undefined): boolean {
  return (
    own !== undefined && object.status?.containerId === own.id && object.status.startedAt === startedAtOf(own)
  );
}
