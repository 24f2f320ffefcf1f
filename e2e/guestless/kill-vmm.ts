import { readFileSync } from 'node:fs';
import type { UserVm } from '../../crds/uservm/definition.ts';
import { identifyProcess, signalProcess } from '../../lib/process-identity.ts';

/** SIGKILLs the VMM that the status names, if that process still is a VMM of this installation. */
export function killVmmOf({ status }: Pick<UserVm, 'status'>, stateDir: string): boolean {
  const process = status?.vmmPid === undefined ? undefined : identifyProcess(status.vmmPid);
  if (process === undefined || !isVmm(process.pid, stateDir)) return false;
  return signalProcess(process, 'SIGKILL');
}

function isVmm(pid: number, stateDir: string): boolean {
  try {
    return readFileSync(`/proc/${pid}/cmdline`, 'utf8').includes(`${stateDir}/vm/`);
  } catch {
    return false;
  }
}
