import { createHash } from 'node:crypto';
import { z } from 'zod';
import type { UserVm } from '../../crds/uservm/definition.ts';
import { parseQuantity } from '../../lib/quantity.ts';
import { recycleIdOf } from '../host/vm-identity.ts';

/** What a VM is booted with. A difference to the wanted one means that the VM is made anew. */
export const bootSpecSchema = z.object({
  cpus: z.int(),
  memoryBytes: z.int(),
  /** Name of the GuestImage; a new digest under the same name is taken at the next start. */
  guestImage: z.string(),
  volumeBytes: z.int(),
  /** Value of `holt.recycle`. */
  recycleId: z.string(),
});

export type BootSpec = z.infer<typeof bootSpecSchema>;

/** The recycle request in force: taking the field away asks for nothing. */
export function effectiveRecycleRequest(vm: Pick<UserVm, 'spec' | 'status'>): string | undefined {
  return vm.spec.recycleRequest ?? vm.status?.recycledFor;
}

/** What the object wants its VM to be booted with. */
export function bootSpecOf(vm: Pick<UserVm, 'spec' | 'status'>): BootSpec {
  return {
    cpus: vm.spec.cpus,
    memoryBytes: Math.ceil(parseQuantity(vm.spec.memory)),
    guestImage: vm.spec.guestImage,
    volumeBytes: Math.ceil(parseQuantity(vm.spec.dataVolume.size)),
    recycleId: recycleIdOf(effectiveRecycleRequest(vm)),
  };
}

/** Why a VM booted with `booted` must be made anew, in words such as `cpus 1 -> 2`; empty: it needs not. */
export function describeDifferences(booted: BootSpec, wanted: BootSpec): string[] {
  const fields = ['cpus', 'memoryBytes', 'guestImage', 'volumeBytes'] as const;
  const changed = fields.filter((field) =>
    // The volume never shrinks, so a smaller wish changes nothing.
    field === 'volumeBytes' ? wanted[field] > booted[field] : wanted[field] !== booted[field],
  );
  return changed.map((field) => `${field} ${booted[field]} -> ${wanted[field]}`);
}

/** Short hash of a boot spec, for the record that other programs read. */
export function hashOfBootSpec(spec: BootSpec): string {
  const canonical = JSON.stringify(Object.entries(spec).sort(([a], [b]) => (a < b ? -1 : 1)));
  return createHash('sha256').update(canonical).digest('hex').slice(0, 16);
}
