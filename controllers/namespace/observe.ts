import type { ApiClient } from '../../api/client/index.ts';
import type { ResourceDefinition } from '../../crds/meta/resource-definition.ts';
import type { KindContents } from './plan.ts';

/** Lists all that is in a namespace, from the API server itself. */
export async function observeContents(
  client: Pick<ApiClient, 'listAll'>,
  definitions: readonly ResourceDefinition[],
  namespace: string,
  signal: AbortSignal,
): Promise<KindContents[]> {
  const namespaced = definitions.filter((definition) => definition.namespaced);
  return Promise.all(
    namespaced.map(async (definition) => ({
      definition,
      objects: (await client.listAll(definition, { namespace, signal })).items,
    })),
  );
}
