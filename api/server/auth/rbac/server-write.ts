import type { ServerContext } from '../../http/context.ts';
import type { Resource } from '../../http/resource.ts';
import type { WriteRequest } from '../../write/write-request.ts';
import { SERVER_USER } from '../user.ts';
import { RBAC_GROUP } from './policy-rule.ts';

/** A cluster-scoped RBAC resource; undefined where this server does not serve it. */
export function rbacResource(context: ServerContext, plural: string): Resource | undefined {
  return context.catalog.find(RBAC_GROUP, 'v1', plural);
}

/** A write of a cluster-scoped object by the server itself. */
export function serverWrite(context: ServerContext, resource: Resource, name: string): WriteRequest {
  return {
    context,
    user: SERVER_USER,
    resource,
    namespace: undefined,
    name,
    subresource: '',
    traceparent: undefined,
    dryRun: false,
    fieldValidation: 'Strict',
  };
}
