import { createHash } from 'node:crypto';
import type { SandboxContainer, SandboxContainerSpec } from '../../crds/sandboxcontainer/definition.ts';
import type { ContainerCreate } from '../../lib/podman/index.ts';
import { parseQuantity } from '../../lib/quantity.ts';
import { CONTAINER_LABELS, CONTAINER_NETWORK, DATA_DIRECTORY } from './labels.ts';

/** Where and for whom a container runs. */
export interface Placement {
  readonly vmId: string;
  readonly user: string;
  /** In the guest's container network. */
  readonly address: string;
}

/** The port that routes and the PORT variable name; undefined where the spec declares none. */
export function routePortOf(spec: SandboxContainerSpec): number | undefined {
  return spec.route?.port ?? spec.ports?.[0]?.containerPort;
}

/**
 * What podman is asked to run, all but the labels. Probe and restart policy are not part of it: they apply to a
 * running container as they are.
 */
export function effectiveSpec(
  name: string,
  spec: SandboxContainerSpec,
  placement: Placement,
): Omit<ContainerCreate, 'labels'> {
  const port = routePortOf(spec);
  const env: Record<string, string> = {};
  for (const variable of spec.env ?? []) env[variable.name] = variable.value;
  return {
    name,
    source:
      spec.source.closure === undefined
        ? { image: spec.source.image ?? '' }
        : { rootfs: spec.source.closure },
    command: spec.command,
    // Identity last: a container cannot be told that it is another user's.
    env: {
      ...(port === undefined ? {} : { PORT: String(port) }),
      ...env,
      HOLT_USER: placement.user,
      HOLT_VM_ID: placement.vmId,
      HOLT_CONTAINER_NAME: name,
      HOLT_ROLE: spec.role,
    },
    workingDir: spec.workingDir,
    network: { name: CONTAINER_NETWORK, address: placement.address },
    limits: {
      cpuCores: parseQuantity(spec.resources.cpu),
      memoryBytes: Math.floor(parseQuantity(spec.resources.memory)),
      pids: spec.resources.pids,
    },
    mounts: (spec.volumeMounts ?? []).map((mount) => ({
      source: `${DATA_DIRECTORY}/${mount.subPath}`,
      destination: mount.mountPath,
      readOnly: mount.readOnly ?? false,
    })),
    stopTimeoutSeconds: STOP_GRACE_SECONDS,
  };
}

/** Seconds between SIGTERM and SIGKILL. */
export const STOP_GRACE_SECONDS = 5;

/** Drift key: equal exactly where podman would be asked for the same container. */
export function specHashOf(effective: Omit<ContainerCreate, 'labels'>): string {
  return createHash('sha256').update(canonicalJson(effective)).digest('hex').slice(0, 32);
}

/** The labels that make a container known again. */
export function labelsOf(
  object: SandboxContainer,
  details: { readonly specHash: string; readonly address: string; readonly bootId: string },
): Record<string, string> {
  return {
    [CONTAINER_LABELS.uid]: object.metadata.uid ?? '',
    [CONTAINER_LABELS.name]: object.metadata.name ?? '',
    [CONTAINER_LABELS.role]: object.spec.role,
    [CONTAINER_LABELS.specHash]: details.specHash,
    [CONTAINER_LABELS.address]: details.address,
    [CONTAINER_LABELS.bootId]: details.bootId,
  };
}

/** The directories of the data volume that a container mounts. */
export function dataDirectoriesOf(spec: SandboxContainerSpec): string[] {
  return [...new Set((spec.volumeMounts ?? []).map((mount) => mount.subPath))].sort();
}

/** JSON with sorted keys and without undefined members. */
function canonicalJson(value: unknown): string {
  return JSON.stringify(value, (_key, member: unknown) => {
    if (typeof member !== 'object' || member === null || Array.isArray(member)) return member;
    return Object.fromEntries(Object.entries(member).sort(([a], [b]) => (a < b ? -1 : 1)));
  });
}
