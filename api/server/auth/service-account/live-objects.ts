import type { ApiObject } from '../../../../crds/meta/meta.ts';
import type { ResourceDefinition } from '../../../../crds/meta/resource-definition.ts';
import { nodeDefinition } from '../../../../crds/node/definition.ts';
import { sandboxContainerDefinition } from '../../../../crds/sandboxcontainer/definition.ts';
import { secretDefinition } from '../../../../crds/secret/definition.ts';
import { serviceAccountDefinition } from '../../../../crds/serviceaccount/definition.ts';
import { userVmDefinition } from '../../../../crds/uservm/definition.ts';
import type { RegistryCache } from '../../../storage/cache/registry-cache.ts';
import type { EtcdKv } from '../../../storage/etcd/kv.ts';
import { objectKey } from '../../../storage/keys.ts';
import { StoredObject } from '../../../storage/stored-object.ts';
import type { BoundClaim } from './claims.ts';

export const BOUND_DEFINITIONS: Readonly<Record<BoundClaim, ResourceDefinition>> = {
  secret: secretDefinition,
  node: nodeDefinition,
  uservm: userVmDefinition,
  sandboxcontainer: sandboxContainerDefinition,
};

/** Where tokens find the objects that they speak of. */
export interface LiveObjects {
  /** The account; from memory where that has the one with this UID, else from etcd. @throws StorageError */
  serviceAccount(namespace: string, name: string, uid?: string): Promise<ApiObject | undefined>;
  /** What a token is bound to. @throws StorageError */
  bound(claim: BoundClaim, namespace: string, name: string, uid?: string): Promise<ApiObject | undefined>;
}

/**
 * Reads memory first: a token that was just made for an account that was just made finds it in etcd, and a token
 * for what is gone costs one read of etcd.
 */
export function createLiveObjects(stores: {
  readonly cache: Pick<RegistryCache, 'get' | 'ready'>;
  readonly kv: EtcdKv;
}): LiveObjects {
  const find = async (
    definition: ResourceDefinition,
    namespace: string,
    name: string,
    uid: string | undefined,
  ): Promise<ApiObject | undefined> => {
    const key = objectKey(definition, definition.namespaced ? namespace : undefined, name);
    const cached = stores.cache.ready && uid !== undefined ? stores.cache.get(key)?.object : undefined;
    if (cached !== undefined && cached.metadata.uid === uid) return cached;
    const [item] = (await stores.kv.range({ key })).items;
    return item === undefined ? undefined : new StoredObject(item.key, item.value, item.modRevision).object;
  };
  return {
    serviceAccount: (namespace, name, uid) => find(serviceAccountDefinition, namespace, name, uid),
    bound: (claim, namespace, name, uid) => find(BOUND_DEFINITIONS[claim], namespace, name, uid),
  };
}
