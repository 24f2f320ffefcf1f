import type { ApiObject } from '../../../crds/meta/meta.ts';
import { forbidden } from '../http/errors.ts';
import type { WriteRequest } from '../write/write-request.ts';
import { BoundObjects } from './node/bound-objects.ts';
import { nodeRestriction } from './node/node-restriction.ts';
import { escalation } from './rbac/escalation.ts';
import { RBAC_GROUP } from './rbac/policy-rule.ts';

/**
 * What of a write depends on the writer beyond the right to make it: nobody grants what they do not hold, and a
 * node changes nothing but what is its own.
 * @throws StatusError 403 saying what goes too far; 404 for a binding to a role that is not there
 */
export function checkWriter(request: WriteRequest, object: ApiObject, previous: ApiObject | undefined): void {
  const { user, context, resource, subresource } = request;
  const { definition } = resource;
  const { authorize, rules } = context;
  const why =
    definition.group === RBAC_GROUP
      ? escalation({ user, plural: definition.plural, object, previous, authorize, rules })
      : nodeRestriction({ user, definition, subresource, object, previous }, new BoundObjects(context.cache));
  if (why !== undefined) throw forbidden(definition, object.metadata.name ?? '', why);
}
