import {
  CRD_GROUP,
  type CustomResourceDefinition,
  customResourceDefinitionDefinition,
} from '../../../crds/customresourcedefinition/definition.ts';
import type { ApiObject } from '../../../crds/meta/meta.ts';
import { managedAfterUpdate } from '../apply/field-manager.ts';
import { serverWrite } from '../auth/rbac/server-write.ts';
import type { ServerContext } from '../http/context.ts';
import { fieldWriterOf, setManagedFields } from '../write/manage-fields.ts';

/**
 * The definition with another status, which the server owns from then on as any writer of a status does.
 * @param current as it is stored
 */
export function withServerStatus(
  context: ServerContext,
  current: CustomResourceDefinition,
  status: CustomResourceDefinition['status'],
): ApiObject {
  const { managedFields, ...metadata } = current.metadata;
  const next = { ...current, metadata, status } as ApiObject;
  const { plural } = customResourceDefinitionDefinition;
  const resource = context.catalog.find(CRD_GROUP, 'v1', plural);
  if (resource === undefined) throw new Error(`${plural}.${CRD_GROUP} is not served`);
  const request = { ...serverWrite(context, resource, metadata.name ?? ''), subresource: 'status' };
  const entries = managedAfterUpdate(fieldWriterOf(request), current as ApiObject, next, managedFields);
  setManagedFields(next, entries);
  return next;
}
