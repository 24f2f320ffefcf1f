import { type ResourceQuota, resourceQuotaDefinition } from '../../../crds/resourcequota/definition.ts';
import type { Amounts } from '../../../crds/resourcequota/resource-list.ts';
import { encodeObject, type StoredObject } from '../../storage/stored-object.ts';
import { managedAfterUpdate } from '../apply/field-manager.ts';
import { SERVER_USER } from '../auth/user.ts';
import type { ServerContext } from '../http/context.ts';
import { fieldWriterOf, setManagedFields } from '../write/manage-fields.ts';
import { statusOf } from './quota-charge.ts';

/** A quota with so much used, as etcd holds it. The server itself manages the fields that it changes. */
export function encodeStatus(context: ServerContext, stored: StoredObject, used: Amounts): Buffer {
  const quota = stored.object as ResourceQuota;
  const next: ResourceQuota = {
    ...quota,
    metadata: { ...quota.metadata },
    status: statusOf(quota, used),
  };
  const { group, version, plural } = resourceQuotaDefinition;
  const resource = context.catalog.find(group, version, plural);
  if (resource === undefined) return encodeObject(next);
  const writer = fieldWriterOf({
    context,
    user: SERVER_USER,
    resource,
    namespace: quota.metadata.namespace,
    name: quota.metadata.name ?? '',
    subresource: 'status',
    traceparent: undefined,
    dryRun: false,
    fieldValidation: 'Ignore',
  });
  setManagedFields(next, managedAfterUpdate(writer, quota, next, undefined));
  return resource.encode(next);
}
