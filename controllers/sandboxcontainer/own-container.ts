import type { PodmanContainer } from '../../lib/podman/index.ts';
import { CONTAINER_LABELS } from './labels.ts';

/** A container as the plan sees it. */
export interface OwnContainer {
  readonly id: string;
  readonly state: 'starting' | 'running' | 'ended' | 'leaving' | 'broken';
  readonly specHash: string;
  readonly bootId: string;
  readonly address: string | undefined;
  /** Seconds since the epoch, as the guest counts them. */
  readonly startedAtSeconds: number | undefined;
  readonly exitCode: number;
}

export interface FoundContainers {
  readonly own: OwnContainer | undefined;
  /** Ids of others that have the name: an earlier object's, or made by hand. */
  readonly squatters: readonly string[];
}

/** Finds a SandboxContainer's container by its UID label, and what stands in its way. */
export function findOwnContainer(
  containers: readonly PodmanContainer[],
  object: { readonly uid: string; readonly name: string },
): FoundContainers {
  const own = containers.find((container) => container.labels[CONTAINER_LABELS.uid] === object.uid);
  const squatters = containers
    .filter((container) => container.name === object.name && container !== own)
    .map((container) => container.id);
  if (own === undefined) return { own: undefined, squatters };
  return {
    own: {
      id: own.id,
      state: stateOf(own),
      specHash: own.labels[CONTAINER_LABELS.specHash] ?? '',
      bootId: own.labels[CONTAINER_LABELS.bootId] ?? '',
      address: own.labels[CONTAINER_LABELS.address],
      startedAtSeconds: own.startedAtSeconds,
      exitCode: own.exitCode,
    },
    squatters,
  };
}

/** One run of one container: another start is another instance. */
export function instanceOf(container: OwnContainer): string {
  return `${container.id}@${container.startedAtSeconds ?? 0}`;
}

function stateOf(container: PodmanContainer): OwnContainer['state'] {
  switch (container.state) {
    case 'created':
    case 'configured':
    case 'initialized':
      return 'starting';
    case 'running':
      return 'running';
    case 'stopped':
    case 'exited':
      return 'ended';
    case 'stopping':
    case 'removing':
      return 'leaving';
    // Nobody pauses a sandbox, and `unknown` cannot be started.
    case 'paused':
    case 'unknown':
      return 'broken';
  }
}
