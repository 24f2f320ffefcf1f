import type { ApiObject } from '../../crds/meta/meta.ts';

/** Names one object of a kind. `namespace` is empty or absent for cluster-scoped kinds. */
export interface ObjectName {
  readonly namespace?: string | undefined;
  readonly name: string;
}

/** `namespace/name`, or `name` alone for cluster-scoped kinds: what queues and caches hold. */
export function formatKey(object: ObjectName): string {
  return object.namespace === undefined || object.namespace === ''
    ? object.name
    : `${object.namespace}/${object.name}`;
}

/** The reverse of `formatKey`; `namespace` is empty for cluster-scoped kinds. */
export function parseKey(key: string): { namespace: string; name: string } {
  const slash = key.indexOf('/');
  return slash === -1
    ? { namespace: '', name: key }
    : { namespace: key.slice(0, slash), name: key.slice(slash + 1) };
}

/** The key of an object that the API server returned. */
export function keyOf(object: ApiObject): string {
  return formatKey({ namespace: object.metadata.namespace, name: object.metadata.name ?? '' });
}
