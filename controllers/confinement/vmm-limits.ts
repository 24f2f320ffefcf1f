/** What one VMM may use of the host. */
export interface VmmLimits {
  /** Guest memory and the VMM's own. */
  readonly memoryBytes: number;
  /** CPU time a second, in CPUs: 1.5 is one and a half. */
  readonly cpus: number;
  /** Threads of the VMM and its helpers. */
  readonly pids: number;
}

/** Where VMMs are counted and limited. */
export interface VmmResources {
  /** Whether the limits hold, all of them. */
  readonly areWhole: boolean;
  /**
   * Makes ready what the limits of a VMM need.
   * @returns a command that puts itself under them and runs the rest of its arguments in its own place, under the
   * same pid; nothing where there are no limits
   */
  prepare(vmId: string, limits: VmmLimits): Promise<readonly string[]>;
  /** Removes what a VMM that has ended left. Fine when it is gone; one that still runs is left alone. */
  release(vmId: string): Promise<void>;
}

const MIB = 1024 * 1024;

/**
 * The limits of a VM's VMM: what the guest was given, and room for the VMM itself. Emulation needs much more: the
 * translated code, and a thread that translates beside the one that runs.
 */
export function vmmLimitsOf(
  boot: { readonly cpus: number; readonly memoryBytes: number },
  mode: 'kvm' | 'emulated',
): VmmLimits {
  const isEmulated = mode === 'emulated';
  return {
    memoryBytes: boot.memoryBytes + (isEmulated ? 768 * MIB : 256 * MIB),
    cpus: boot.cpus + (isEmulated ? 1 : 0.5),
    pids: 128 + 8 * boot.cpus,
  };
}
