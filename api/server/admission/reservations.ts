import type { ApiObject } from '../../../crds/meta/meta.ts';
import { HOLT_GROUP, type ResourceInfo } from '../../../crds/meta/resource-definition.ts';
import type { SandboxContainer } from '../../../crds/sandboxcontainer/definition.ts';
import type { UserVm } from '../../../crds/uservm/definition.ts';
import type { KeyValue } from '../../storage/etcd/kv.ts';
import type { Guard } from '../../storage/guaranteed-update.ts';
import { reservationKey } from '../../storage/keys.ts';
import { forbidden } from '../http/errors.ts';

/**
 * A claim that at most one object may hold. It is a key in etcd that is created and deleted in the object's own
 * transaction, so that two creates at the same moment cannot both win. Claims rest on immutable fields alone.
 */
export interface Reservation {
  readonly key: string;
  /** Whole sentence for the loser; `holder` is `<namespace>/<name>`. */
  readonly describe: (holder: string) => string;
}

function userVmReservations(vm: UserVm): Reservation[] {
  const { user } = vm.spec;
  return [
    {
      key: reservationKey('uservm-user', user),
      describe: (holder) =>
        `user ${JSON.stringify(user)} already has the UserVM ${holder}: a user has one VM over all namespaces. Change that one, or delete it first`,
    },
  ];
}

function containerReservations(container: SandboxContainer): Reservation[] {
  const { role, vmRef } = container.spec;
  if (role !== 'live' && role !== 'dev') return [];
  const namespace = container.metadata.namespace ?? '';
  return [
    {
      key: reservationKey('container-role', namespace, vmRef.name, role),
      describe: (holder) =>
        `UserVM ${JSON.stringify(vmRef.name)} already has the ${role} container ${holder}: a VM has at most one. Change that one, or delete it first`,
    },
  ];
}

/** The claims that an object needs. */
export function reservationsOf(definition: ResourceInfo, object: ApiObject): readonly Reservation[] {
  if (definition.group !== HOLT_GROUP) return [];
  if (definition.kind === 'UserVM') return userVmReservations(object as UserVm);
  if (definition.kind === 'SandboxContainer') return containerReservations(object as SandboxContainer);
  return [];
}

/** The value of a claim's key: who holds it. */
export function reservationValue(object: ApiObject): Buffer {
  const { namespace, name, uid } = object.metadata;
  return Buffer.from(JSON.stringify({ namespace, name, uid }));
}

function holderOf(claim: KeyValue): string {
  const { namespace, name } = JSON.parse(claim.value.toString()) as { namespace: string; name: string };
  return `${namespace}/${name}`;
}

/** Guards a create: refused with 403 while somebody else holds a claim. */
export function reservationGuards(definition: ResourceInfo, object: ApiObject): Guard[] {
  return reservationsOf(definition, object).map(({ key, describe }) => ({
    key,
    modRevision: 0,
    onMismatch: (claim) =>
      claim === undefined
        ? undefined
        : forbidden(definition, object.metadata.name ?? '', describe(holderOf(claim))),
  }));
}
