import type { ResourceInfo } from '../../crds/meta/resource-definition.ts';

/** Everything that Holt keeps in etcd lies below. */
export const ROOT_PREFIX = '/holt/';
/** API objects: `/holt/registry/<group or core>/<plural>/[<namespace>/]<name>`. */
export const REGISTRY_PREFIX = '/holt/registry/';
/** Keys that hold a unique claim of an object, e.g. "alice has her one UserVM". */
const RESERVATION_PREFIX = '/holt/reservations/';

type Resource = Pick<ResourceInfo, 'group' | 'plural'>;

/** Prefix of every object of a resource. */
export function resourcePrefix(resource: Resource): string {
  return `${REGISTRY_PREFIX}${resource.group === '' ? 'core' : resource.group}/${resource.plural}/`;
}

/** Prefix of a resource's objects, of one namespace where one is given. */
export function listPrefix(resource: Resource, namespace: string | undefined): string {
  return namespace === undefined ? resourcePrefix(resource) : `${resourcePrefix(resource)}${namespace}/`;
}

/** The key of one object; `namespace` is undefined for cluster-scoped kinds. */
export function objectKey(resource: Resource, namespace: string | undefined, name: string): string {
  return `${listPrefix(resource, namespace)}${name}`;
}

/** The key of a unique claim; each part is a DNS name, so none can hold a slash. */
export function reservationKey(claim: string, ...parts: readonly string[]): string {
  return `${RESERVATION_PREFIX}${claim}/${parts.join('/')}`;
}

/** The resource prefix that a registry key lies under, or undefined for other keys. */
export function resourcePrefixOfKey(key: string): string | undefined {
  if (!key.startsWith(REGISTRY_PREFIX)) return undefined;
  const groupEnd = key.indexOf('/', REGISTRY_PREFIX.length);
  const pluralEnd = groupEnd === -1 ? -1 : key.indexOf('/', groupEnd + 1);
  return pluralEnd === -1 ? undefined : key.slice(0, pluralEnd + 1);
}

/** The end (exclusive) of the range that holds every key with this prefix, as etcd wants it. */
export function prefixEnd(prefix: string): Buffer {
  const end = Buffer.from(prefix);
  const last = end.length - 1;
  end.writeUInt8(end.readUInt8(last) + 1, last);
  return end;
}
