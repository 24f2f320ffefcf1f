import type { VmConfig } from '../config/vm-config.ts';

/** Device id -> counter -> value. */
export type Counters = Record<string, Record<string, number>>;

/** The counters of devices that no guest has used. */
export function idleCounters({ disks = [], net = [] }: VmConfig): Counters {
  const named = (devices: readonly { id?: string }[], counters: Record<string, number>) =>
    devices.flatMap(({ id }) => (id === undefined ? [] : [[id, { ...counters }] as const]));
  return Object.fromEntries([
    ...named(disks, { read_bytes: 0, write_bytes: 0, read_ops: 0, write_ops: 0 }),
    ...named(net, { rx_bytes: 0, rx_frames: 0, tx_bytes: 0, tx_frames: 0 }),
  ]);
}
