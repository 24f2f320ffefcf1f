import { isDeepStrictEqual } from 'node:util';
import type { Stored } from '../../crds/meta/meta.ts';
import { USER_VM_CONDITIONS } from '../../crds/uservm/conditions.ts';
import type { UserVm, UserVmStatus } from '../../crds/uservm/definition.ts';

/** The conditions that the node writes. The binding and the others are the manager's. */
const OWN_CONDITIONS: ReadonlySet<string> = new Set([
  USER_VM_CONDITIONS.Provisioned,
  USER_VM_CONDITIONS.Booted,
  USER_VM_CONDITIONS.Ready,
  USER_VM_CONDITIONS.Stalled,
]);

/** The fields that the manager writes: the binding, and what a rollout gave the VM. */
const OTHERS_FIELDS = ['nodeName', 'desiredImage', 'previousImage'] as const;

/** The object with this node's part of the status replaced; what others wrote stays as it is stored. */
export function withOwnStatus(stored: Stored<UserVm>, own: UserVmStatus): Stored<UserVm> {
  const { conditions = [] } = stored.status ?? {};
  const { conditions: ownConditions = [], ...rest } = own;
  const status: UserVmStatus = {
    ...withoutOthers(rest),
    ...pickOthers(stored.status ?? {}),
    conditions: [
      ...conditions.filter(({ type }) => !OWN_CONDITIONS.has(type)),
      ...ownConditions.filter(({ type }) => OWN_CONDITIONS.has(type)),
    ],
  };
  return { ...stored, status };
}

/** Whether two statuses say the same in the part that this node writes. */
export function isSameOwnStatus(a: UserVmStatus | undefined, b: UserVmStatus | undefined): boolean {
  return isDeepStrictEqual(ownPart(a), ownPart(b));
}

function ownPart(status: UserVmStatus = {}): unknown {
  const { conditions = [], ...rest } = status;
  const own = conditions.filter(({ type }) => OWN_CONDITIONS.has(type));
  return JSON.parse(JSON.stringify({ ...withoutOthers(rest), conditions: own }));
}

function isOthers(field: string): boolean {
  return OTHERS_FIELDS.some((other) => other === field);
}

function withoutOthers(status: UserVmStatus): UserVmStatus {
  return Object.fromEntries(Object.entries(status).filter(([field]) => !isOthers(field)));
}

function pickOthers(status: UserVmStatus): UserVmStatus {
  return Object.fromEntries(Object.entries(status).filter(([field]) => isOthers(field)));
}
