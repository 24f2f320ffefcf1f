import { readFile } from 'node:fs/promises';

/** What a host lacks for VMMs to be confined wholly. */
export interface ConfinementSupport {
  /** cgroup v2 with cpu, memory and pids. */
  readonly hasCgroups: boolean;
  /** Undefined: the stand-in runs the VMs, which knows no Landlock. */
  readonly hasLandlock: boolean | undefined;
}

/** The kernel's security modules that are on (Documentation/admin-guide/LSM/index.rst). */
const LSM_LIST = '/sys/kernel/security/lsm';

/** Whether the kernel's list of security modules names Landlock; false where it cannot be read. */
export async function hasLandlock(path = LSM_LIST): Promise<boolean> {
  const list = await readFile(path, 'utf8').catch(() => '');
  return list.trim().split(',').includes('landlock');
}

/** Reason and words of the Node's condition `VmmConfined`. */
export function describeConfinement(support: ConfinementSupport): {
  readonly isWhole: boolean;
  readonly reason: 'Confined' | 'NoCgroupV2' | 'NoLandlock';
  readonly message: string;
} {
  const lacks: string[] = [];
  if (!support.hasCgroups) {
    lacks.push(
      'VMMs have no limits of memory, CPU and threads: cgroup v2 with cpu, memory and pids is not mounted at /sys/fs/cgroup (boot with systemd.unified_cgroup_hierarchy=1)',
    );
  }
  if (support.hasLandlock === false) {
    lacks.push(
      `VMMs run without Landlock: ${LSM_LIST} does not name it (boot with lsm=landlock,... and mount securityfs)`,
    );
  }
  if (lacks.length === 0) {
    const landlock = support.hasLandlock === undefined ? '' : ', Landlock';
    const message = `each VMM has a user, namespaces and limits of its own, no capability, seccomp${landlock}`;
    return { isWhole: true, reason: 'Confined', message };
  }
  const reason = support.hasCgroups ? 'NoLandlock' : 'NoCgroupV2';
  return { isWhole: false, reason, message: lacks.join('; ') };
}
