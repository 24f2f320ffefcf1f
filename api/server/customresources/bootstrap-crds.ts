import { isDeepStrictEqual } from 'node:util';
import {
  CRD_GROUP,
  customResourceDefinitionDefinition,
} from '../../../crds/customresourcedefinition/definition.ts';
import { customResourceDefinition } from '../../../crds/generate/custom-resource-definition.ts';
import type { JsonRecord } from '../../../crds/generate/json-record.ts';
import type { ResourceDefinition } from '../../../crds/meta/resource-definition.ts';
import { serverWrite } from '../auth/rbac/server-write.ts';
import type { ServerContext } from '../http/context.ts';
import { StatusError } from '../http/status-error.ts';
import { createObject } from '../write/create.ts';
import { updateObject } from '../write/update.ts';

/**
 * Makes the CustomResourceDefinition of a kind of this repository, or brings it up to date.
 * @throws StatusError, StorageError
 */
export async function ensureOwnCrd(context: ServerContext, definition: ResourceDefinition): Promise<void> {
  const resource = context.catalog.find(CRD_GROUP, 'v1', customResourceDefinitionDefinition.plural);
  if (resource === undefined) return;
  const wanted: JsonRecord = JSON.parse(JSON.stringify(customResourceDefinition(definition)));
  const name = `${definition.plural}.${definition.group}`;
  try {
    await createObject(serverWrite(context, resource, ''), wanted);
  } catch (error) {
    if (!(error instanceof StatusError && error.reason === 'AlreadyExists')) throw error;
    await updateObject(serverWrite(context, resource, name), (current) => {
      const same = isDeepStrictEqual(current.spec, wanted.spec);
      return same ? current : { ...current, spec: wanted.spec };
    });
  }
}
