import type { IncomingMessage } from 'node:http';
import { type ApiPath, parseApiPath } from './request-path.ts';
import type { ResourceCatalog } from './resource.ts';
import { verbOf } from './verb.ts';

/** What a request is for, before anybody knows whether it may be: for the audit and for flow control. */
export interface RequestInfo {
  /** As RBAC names it; the method in lower case for paths that are no resource. */
  readonly verb: string;
  readonly path: string;
  readonly isResource: boolean;
  readonly group: string;
  readonly version: string;
  readonly resource: string;
  readonly subresource: string;
  readonly namespace: string;
  readonly name: string;
  /** The path, taken apart; undefined where it is no resource's. */
  readonly apiPath?: ApiPath;
}

const EMPTY = { group: '', version: '', resource: '', subresource: '', namespace: '', name: '' };
/** A resource that is not in the catalog: the reviews, which are answered and never stored. */
const CREATED_ONLY = 'create';

function parsed(path: string, catalog: ResourceCatalog) {
  try {
    return parseApiPath(path, catalog);
  } catch {
    // The same fault is told to the client where the path is parsed for its answer.
    return undefined;
  }
}

/** Never throws: a path that cannot be read is a path that is no resource. */
export function requestInfo(
  { method = '' }: IncomingMessage,
  { pathname: path, searchParams }: URL,
  catalog: ResourceCatalog,
): RequestInfo {
  const api = parsed(path, catalog);
  if (api === undefined || api.plural === '')
    return { ...EMPTY, verb: method.toLowerCase(), path, isResource: false };
  const { group, version, plural: resource, target } = api;
  const place = {
    subresource: target?.subresource ?? '',
    namespace: target?.namespace ?? '',
    name: target?.name ?? '',
  };
  const verb =
    target === undefined && method === 'POST'
      ? CREATED_ONLY
      : verbOf(method, target ?? { name: undefined }, searchParams);
  const known = { verb: verb ?? method.toLowerCase(), path, isResource: true, apiPath: api };
  return { ...known, group, version, resource, ...place };
}
