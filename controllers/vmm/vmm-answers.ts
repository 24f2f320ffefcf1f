import { z } from 'zod';

/** Answer of `vmm.ping`. */
export const vmmPingSchema = z.looseObject({
  version: z.string(),
  build_version: z.string().optional(),
  pid: z.int().optional(),
  features: z.array(z.string()).optional(),
});
export type VmmPing = z.infer<typeof vmmPingSchema>;

/** After `vm.shutdown` the state is `Created` again: the VM is gone, its configuration kept. */
export const vmStateSchema = z.literal(['Created', 'Running', 'Shutdown', 'Paused', 'BreakPoint']);
export type VmState = z.infer<typeof vmStateSchema>;

/** Answer of `vm.info`; the VMM fills in defaults and ids, so the configuration is read loosely. */
export const vmInfoSchema = z.looseObject({
  config: z.looseObject({}),
  state: vmStateSchema,
  /** Bytes. */
  memory_actual_size: z.int().optional(),
});
export type VmInfo = z.infer<typeof vmInfoSchema>;

/** Answer of `vm.counters`: device id -> counter -> value. */
export const vmCountersSchema = z.record(z.string(), z.record(z.string(), z.number()));
export type VmCounters = z.infer<typeof vmCountersSchema>;

/** Body of `vm.resize`; memory in bytes. */
export interface VmResize {
  readonly desired_vcpus?: number;
  readonly desired_ram?: number;
  readonly desired_balloon?: number;
}

/** Body of an error answer: the cause chain, outermost first. */
export const errorBodySchema = z.array(z.string());
