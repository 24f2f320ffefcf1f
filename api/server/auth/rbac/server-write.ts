import type { ServerContext } from '../../http/context.ts';
import type { Resource } from '../../http/resource.ts';
import type { WriteRequest } from '../../write/write-request.ts';
import { SERVER_USER } from '../user.ts';
import { RBAC_GROUP } from './policy-rule.ts';

/** An RBAC resource; undefined where this server does not serve it. */
export function rbacResource(context: ServerContext, plural: string): Resource | undefined {
  return context.catalog.find(RBAC_GROUP, 'v1', plural);
}

/** A write by the server itself. @param namespace absent for a cluster-scoped object */
export function serverWrite(
  context: ServerContext,
  resource: Resource,
  name: string,
  namespace?: string,
): WriteRequest {
  return {
    context,
    user: SERVER_USER,
    resource,
    namespace,
    name,
    subresource: '',
    traceparent: undefined,
    dryRun: false,
    fieldValidation: 'Strict',
  };
}
