import { z } from 'zod';
import type { ApiClient } from '../../api/client/index.ts';
import {
  type CustomResourceDefinition,
  customResourceDefinitionDefinition,
} from '../../crds/customresourcedefinition/definition.ts';
import type { ResourceDefinition } from '../../crds/meta/resource-definition.ts';

/** A kind that somebody defined, as far as its objects are to be listed and deleted. */
function definitionOf({ spec }: CustomResourceDefinition): ResourceDefinition | undefined {
  const version = spec.versions.find(({ served }) => served);
  const { plural, singular = '', kind } = spec.names;
  if (version === undefined || plural === undefined || kind === undefined) return undefined;
  return {
    ...{ group: spec.group, version: version.name, kind, plural, singular, shortNames: [], categories: [] },
    namespaced: spec.scope === 'Namespaced',
    hasStatus: version.subresources?.status !== undefined,
    builtIn: false,
    description: '',
    schema: z.looseObject({}),
    selectableFields: [],
    immutableFields: [],
    printerColumns: [],
  };
}

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
    .filter(({ metadata, status }) => {
      const isServed = status?.conditions?.some(
        (condition) => condition.type === 'Established' && condition.status === 'True',
      );
      return isServed === true && !names.has(metadata.name);
    })
    .flatMap((crd) => definitionOf(crd) ?? []);
  return [...known, ...defined];
}
