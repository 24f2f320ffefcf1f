import type { ApiClient } from '../../api/client/index.ts';
import type { ApiObject, Stored } from '../../crds/meta/meta.ts';

const ONE = 'application/json;as=PartialObjectMetadata;g=meta.k8s.io;v=v1';
const MANY = 'application/json;as=PartialObjectMetadataList;g=meta.k8s.io;v=v1';

/** That an object is there is all that counts. */
function identityOf({ apiVersion, kind, metadata }: Stored<ApiObject>): Stored<ApiObject> {
  const { name, namespace, uid, resourceVersion } = metadata;
  return {
    apiVersion,
    kind,
    metadata: { name, uid, resourceVersion, ...(namespace === undefined ? {} : { namespace }) },
  };
}

/** Lists and watches objects of any kind by their names alone, so that each costs the same whatever it holds. */
export function metadataOnly(
  client: Pick<ApiClient, 'listAll' | 'watch'>,
): Pick<ApiClient, 'listAll' | 'watch'> {
  const listAll = async (...[resource, options]: Parameters<ApiClient['listAll']>) => {
    const list = await client.listAll(resource, { ...options, accept: MANY });
    return { ...list, items: list.items.map(identityOf) };
  };
  async function* watch(...[resource, options]: Parameters<ApiClient['watch']>) {
    for await (const event of client.watch(resource, { ...options, accept: ONE }))
      yield event.type === 'BOOKMARK' ? event : { ...event, object: identityOf(event.object) };
  }
  // Callers name the kind that they expect; what they are given is as much of it as every kind has.
  return { listAll: listAll as ApiClient['listAll'], watch: watch as ApiClient['watch'] };
}
