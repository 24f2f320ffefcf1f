import type { ApiClient } from '../../api/client/index.ts';
import type { ApiObject, Stored } from '../../crds/meta/meta.ts';
import type { ResourceDefinition } from '../../crds/meta/resource-definition.ts';

export function hasFinalizer(object: ApiObject, finalizer: string): boolean {
  return object.metadata.finalizers?.includes(finalizer) === true;
}

/**
 * Adds a finalizer before the first effect that it guards. Returns the object as it is then.
 * @throws ApiError: a conflict when somebody else wrote since
 */
export async function ensureFinalizer<T extends ApiObject>(
  client: Pick<ApiClient, 'patch'>,
  definition: ResourceDefinition,
  object: Stored<T>,
  finalizer: string,
): Promise<Stored<T>> {
  if (hasFinalizer(object, finalizer)) return object;
  return patchFinalizers(client, definition, object, [...(object.metadata.finalizers ?? []), finalizer]);
}

/**
 * Takes a finalizer away, as the last of all steps. Returns the object as it is then.
 * @throws ApiError: a conflict when somebody else wrote since; not found when it is already gone
 */
export async function removeFinalizer<T extends ApiObject>(
  client: Pick<ApiClient, 'patch'>,
  definition: ResourceDefinition,
  object: Stored<T>,
  finalizer: string,
): Promise<Stored<T>> {
  if (!hasFinalizer(object, finalizer)) return object;
  const rest = (object.metadata.finalizers ?? []).filter((other) => other !== finalizer);
  return patchFinalizers(client, definition, object, rest);
}

function patchFinalizers<T extends ApiObject>(
  client: Pick<ApiClient, 'patch'>,
  definition: ResourceDefinition,
  object: Stored<T>,
  finalizers: string[],
): Promise<Stored<T>> {
  const { namespace, name, uid, resourceVersion } = object.metadata;
  return client.patch<T>(definition, { namespace, name }, { metadata: { uid, resourceVersion, finalizers } });
}
