import type { ApiClient } from '../../api/client/index.ts';
import {
  type CustomResourceDefinition,
  customResourceDefinitionDefinition,
} from '../../crds/customresourcedefinition/definition.ts';
import { servedKind } from '../../crds/customresourcedefinition/served-kind.ts';
import type { ResourceDefinition } from '../../crds/meta/resource-definition.ts';

/** The kinds known here, and all that are defined in the API server and served. */
export async function observeKinds(
  client: Pick<ApiClient, 'listAll'>,
  known: readonly ResourceDefinition[],
  signal: AbortSignal,
): Promise<readonly ResourceDefinition[]> {
  const names = new Set(known.map(({ plural, group }) => `${plural}.${group}`));
  const { items } = await client.listAll<CustomResourceDefinition>(customResourceDefinitionDefinition, {
    signal,
  });
  const defined = items
    .filter(({ metadata }) => !names.has(metadata.name))
    .flatMap((crd) => servedKind(crd) ?? []);
  return [...known, ...defined];
}
