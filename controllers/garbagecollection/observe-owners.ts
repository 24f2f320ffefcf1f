import { type ApiClient, isNotFound } from '../../api/client/index.ts';
import type { ApiObject, OwnerReference, Stored } from '../../crds/meta/meta.ts';
import type { ResourceDefinition } from '../../crds/meta/resource-definition.ts';
import { FOREGROUND_FINALIZER, type ObservedOwner, type OwnerState } from './plan.ts';

export interface ObserveOwnersDependencies {
  readonly client: Pick<ApiClient, 'get'>;
  /** The kind that a reference names, undefined when it is not served. */
  readonly definitionOf: (reference: OwnerReference) => ResourceDefinition | undefined;
}

/** What each owner of an object is, from the API server itself: a cache could miss an owner that was just made. */
export async function observeOwners(
  { client, definitionOf }: ObserveOwnersDependencies,
  object: Stored<ApiObject>,
  signal: AbortSignal,
): Promise<ObservedOwner[]> {
  const references = object.metadata.ownerReferences ?? [];
  const observe = async (reference: OwnerReference): Promise<OwnerState> => {
    const definition = definitionOf(reference);
    const namespace = object.metadata.namespace;
    if (definition === undefined || (definition.namespaced && namespace === undefined)) return 'unresolvable';
    const name = { namespace: definition.namespaced ? namespace : undefined, name: reference.name };
    try {
      return stateOf(reference, await client.get(definition, name, { signal }));
    } catch (error) {
      if (isNotFound(error)) return 'gone';
      throw error;
    }
  };
  return Promise.all(references.map(async (reference) => ({ reference, state: await observe(reference) })));
}

function stateOf(reference: OwnerReference, owner: Stored<ApiObject>): OwnerState {
  if (owner.metadata.uid !== reference.uid) return 'gone';
  const isForeground =
    owner.metadata.deletionTimestamp !== undefined &&
    owner.metadata.finalizers?.includes(FOREGROUND_FINALIZER) === true;
  return isForeground && reference.blockOwnerDeletion === true ? 'waiting' : 'solid';
}
