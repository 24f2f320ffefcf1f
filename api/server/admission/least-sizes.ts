import type { ApiObject } from '../../../crds/meta/meta.ts';
import type { SandboxContainer } from '../../../crds/sandboxcontainer/definition.ts';
import type { UserVm } from '../../../crds/uservm/definition.ts';
import { parseQuantity } from '../../../lib/quantity.ts';
import type { FieldError } from '../schema/structural.ts';
import type { AdmissionRule } from './rule.ts';

interface Size {
  readonly field: string;
  readonly value: string;
  /** The least that works. */
  readonly least: string;
  /** What fails below it. */
  readonly why: string;
}

/**
 * Each is given with the reason: a smaller one would be taken and then fail far away from whoever wrote it.
 * Tried under emulation with the Debian image: a guest of 96 MiB does not boot, one of 128 or 144 MiB loses podman
 * or its ingress to the OOM killer, in 160 MiB a Node container does not become ready, in 192 MiB it does; `sleep`
 * in 256 KiB is killed, in 512 KiB it runs. Volumes down to 1 MiB carry a container; 16 MiB leave it some room.
 */
const SIZES: Readonly<Record<string, (object: ApiObject) => readonly Size[]>> = {
  UserVM: (object) => {
    const { memory, dataVolume } = (object as UserVm).spec;
    return [
      {
        field: 'spec.memory',
        value: memory,
        least: '192Mi',
        why: "the guest's own services and one container do not fit into less",
      },
      {
        field: 'spec.dataVolume.size',
        value: dataVolume.size,
        least: '16Mi',
        why: "the file system's and podman's own records leave no room for data in less",
      },
    ];
  },
  SandboxContainer: (object) => {
    const memory = (object as SandboxContainer).spec.resources?.memory;
    if (memory === undefined) return [];
    const why = 'the kernel kills a process as it starts with less';
    return [{ field: 'spec.resources.memory', value: memory, least: '1Mi', why }];
  },
};

/** Sizes with which nothing can run are refused where they are written. What is stored already may stay. */
export const leastSizes: AdmissionRule = ({ definition, object, previous }) => {
  const sizesOf = SIZES[definition.kind];
  if (sizesOf === undefined) return [];
  const stored = new Map(
    (previous === undefined ? [] : sizesOf(previous)).map((size) => [size.field, size.value]),
  );
  return sizesOf(object)
    .filter(
      ({ field, value, least }) => parseQuantity(value) < parseQuantity(least) && stored.get(field) !== value,
    )
    .map(
      ({ field, value, least, why }): FieldError => ({
        field,
        type: 'FieldValueInvalid',
        value,
        detail: `${why}: ask for ${least} or more`,
      }),
    );
};
