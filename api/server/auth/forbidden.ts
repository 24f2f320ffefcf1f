import { qualifiedResource } from '../http/errors.ts';
import { StatusError } from '../http/status-error.ts';
import type { Attributes, Authorize } from './authorize.ts';

function describe(asked: Attributes): string {
  const who = `User ${JSON.stringify(asked.user.name)} cannot ${asked.verb}`;
  if (asked.path !== undefined) return `${who} path ${JSON.stringify(asked.path)}`;
  const { resource, subresource, group, namespace } = asked;
  const what = subresource === '' ? resource : `${resource}/${subresource}`;
  const where = namespace === '' ? 'at the cluster scope' : `in the namespace ${JSON.stringify(namespace)}`;
  return `${who} resource ${JSON.stringify(what)} in API group ${JSON.stringify(group)} ${where}`;
}

/**
 * 403 in upstream's words.
 * Source: k8s.io/apiserver/pkg/endpoints/handlers/responsewriters/errors.go
 */
function accessForbidden(asked: Attributes, reason: string): StatusError {
  const why = reason === '' ? describe(asked) : `${describe(asked)}: ${reason}`;
  if (asked.path !== undefined)
    return new StatusError({ code: 403, reason: 'Forbidden', message: `forbidden: ${why}`, details: {} });
  const { group, resource, name } = asked;
  const what = qualifiedResource({ group, plural: resource });
  const subject = name === '' ? what : `${what} ${JSON.stringify(name)}`;
  return new StatusError({
    code: 403,
    reason: 'Forbidden',
    message: `${subject} is forbidden: ${why}`,
    details: {
      ...(name === '' ? {} : { name }),
      ...(group === '' ? {} : { group }),
      kind: resource,
    },
  });
}

/** @throws StatusError 403 where it is not allowed */
export function requireAccess(authorize: Authorize, asked: Attributes): void {
  const { allowed, reason } = authorize(asked);
  if (!allowed) throw accessForbidden(asked, reason);
}
