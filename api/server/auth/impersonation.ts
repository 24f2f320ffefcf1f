import type { IncomingMessage } from 'node:http';
import { badRequest } from '../http/errors.ts';
import type { Attributes, Authorize } from './authorize.ts';
import { requireAccess } from './forbidden.ts';
import type { User } from './user.ts';

const AUTHENTICATED = 'system:authenticated';
const UNAUTHENTICATED = 'system:unauthenticated';
const EXTRA_PREFIX = 'impersonate-extra-';
const AUTHENTICATION_GROUP = 'authentication.k8s.io';

/** Whom the headers name. */
interface Impersonated {
  readonly name: string;
  readonly uid: string;
  readonly groups: readonly string[];
  readonly extra: ReadonlyMap<string, readonly string[]>;
}

function decodeKey(name: string): string {
  try {
    return decodeURIComponent(name).toLowerCase();
  } catch {
    return name.toLowerCase();
  }
}

/** Header values apart, as they were sent: Node joins equal headers with commas, which may stand in a name. */
function valuesByHeader({ rawHeaders }: IncomingMessage): Map<string, string[]> {
  const values = new Map<string, string[]>();
  for (let i = 0; i + 1 < rawHeaders.length; i += 2) {
    const name = (rawHeaders[i] ?? '').toLowerCase();
    if (!name.startsWith('impersonate-')) continue;
    values.set(name, [...(values.get(name) ?? []), rawHeaders[i + 1] ?? '']);
  }
  return values;
}

function parseHeaders(request: IncomingMessage): Impersonated | undefined {
  const headers = valuesByHeader(request);
  const name = headers.get('impersonate-user')?.[0] ?? '';
  const uid = headers.get('impersonate-uid')?.[0] ?? '';
  const groups = headers.get('impersonate-group') ?? [];
  const extra = new Map<string, string[]>();
  for (const [header, values] of headers) {
    if (header.startsWith(EXTRA_PREFIX)) extra.set(decodeKey(header.slice(EXTRA_PREFIX.length)), values);
  }
  if (name !== '') return { name, uid, groups, extra };
  if (uid === '' && groups.length === 0 && extra.size === 0) return undefined;
  throw badRequest('requested a uid, a group or an extra without impersonating a user: set Impersonate-User');
}

/** The namespace and the name in `system:serviceaccount:<namespace>:<name>`. */
function splitServiceAccount(user: string): { namespace: string; name: string } | undefined {
  const match = /^system:serviceaccount:([^:]+):([^:]+)$/.exec(user);
  return match === null ? undefined : { namespace: match[1] ?? '', name: match[2] ?? '' };
}

/** Everything that the requestor must be allowed to take on, one after the other. */
function checksOf(user: User, wanted: Impersonated): Attributes[] {
  const base = { user, verb: 'impersonate', group: '', subresource: '', namespace: '' };
  const account = splitServiceAccount(wanted.name);
  const checks: Attributes[] = [
    account === undefined
      ? { ...base, resource: 'users', name: wanted.name }
      : { ...base, resource: 'serviceaccounts', ...account },
  ];
  for (const name of wanted.groups) checks.push({ ...base, resource: 'groups', name });
  for (const [subresource, values] of wanted.extra) {
    for (const name of values)
      checks.push({ ...base, group: AUTHENTICATION_GROUP, resource: 'userextras', subresource, name });
  }
  if (wanted.uid !== '')
    checks.push({ ...base, group: AUTHENTICATION_GROUP, resource: 'uids', name: wanted.uid });
  return checks;
}

function groupsOf({ name, groups }: Impersonated): readonly string[] {
  const account = splitServiceAccount(name);
  const given =
    groups.length === 0 && account !== undefined
      ? ['system:serviceaccounts', `system:serviceaccounts:${account.namespace}`]
      : groups;
  if (name === 'system:anonymous')
    return given.includes(UNAUTHENTICATED) ? given : [...given, UNAUTHENTICATED];
  return given.includes(AUTHENTICATED) || given.includes(UNAUTHENTICATED) ? given : [...given, AUTHENTICATED];
}

/**
 * Who the request counts as being from: the user itself, or the one that its Impersonate-* headers name, where
 * the user may take on each part of it by the verb `impersonate`.
 * Source: k8s.io/apiserver/pkg/endpoints/filters/impersonation.go
 * @throws StatusError 403 naming the part that is not allowed, 400 for headers without Impersonate-User
 */
export function impersonate(request: IncomingMessage, user: User, authorize: Authorize): User {
  const wanted = parseHeaders(request);
  if (wanted === undefined) return user;
  for (const asked of checksOf(user, wanted)) requireAccess(authorize, asked);
  return {
    name: wanted.name,
    groups: groupsOf(wanted),
    ...(wanted.uid === '' ? {} : { uid: wanted.uid }),
    ...(wanted.extra.size === 0 ? {} : { extra: Object.fromEntries(wanted.extra) }),
  };
}
