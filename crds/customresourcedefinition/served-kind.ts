import { z } from 'zod';
import type { ResourceDefinition } from '../meta/resource-definition.ts';
import type { CustomResourceDefinition } from './definition.ts';

/**
 * The kind that a definition defines, as far as its objects are to be read and deleted; undefined while it is not
 * served.
 */
export function servedKind({ spec, status }: CustomResourceDefinition): ResourceDefinition | undefined {
  const isServed = status?.conditions?.some(
    (condition) => condition.type === 'Established' && condition.status === 'True',
  );
  const version = spec.versions.find(({ served }) => served);
  const { plural, singular = '', kind } = spec.names;
  if (isServed !== true || version === undefined || plural === undefined || kind === undefined)
    return undefined;
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
