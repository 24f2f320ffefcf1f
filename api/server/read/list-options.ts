import { badRequest } from '../http/errors.ts';
import { countParameter, parseResourceVersion } from '../http/query.ts';
import { type ContinueToken, decodeContinueToken } from './continue-token.ts';

/** Which state a list is of. */
export type ListAt =
  | { readonly kind: 'newest' }
  /** Any state that this server has at hand. */
  | { readonly kind: 'any' }
  | { readonly kind: 'notOlderThan'; readonly revision: number }
  | { readonly kind: 'exact'; readonly revision: number };

export interface ListOptions {
  readonly limit: number | undefined;
  readonly at: ListAt;
  readonly from: ContinueToken | undefined;
}

function listAt(query: URLSearchParams, limit: number | undefined, isContinued: boolean): ListAt {
  const revision = parseResourceVersion(query.get('resourceVersion'));
  const match = query.get('resourceVersionMatch') || undefined;
  if (match !== undefined && match !== 'Exact' && match !== 'NotOlderThan') {
    throw badRequest(
      `resourceVersionMatch: Unsupported value: ${JSON.stringify(match)}: supported values: "Exact", "NotOlderThan"`,
    );
  }
  if (match !== undefined && isContinued) {
    throw badRequest(
      'resourceVersionMatch: Forbidden: resourceVersionMatch is forbidden when continue is provided',
    );
  }
  if (match !== undefined && revision === undefined) {
    throw badRequest(
      'resourceVersionMatch: Forbidden: resourceVersionMatch is forbidden unless resourceVersion is provided',
    );
  }
  if (match === 'Exact' && revision === 0) {
    throw badRequest(
      'resourceVersionMatch: Forbidden: resourceVersionMatch "exact" is forbidden for resourceVersion "0"',
    );
  }
  if (revision === undefined) return { kind: 'newest' };
  if (revision === 0) return { kind: 'any' };
  const isExact = match === 'Exact' || (match === undefined && limit !== undefined);
  return { kind: isExact ? 'exact' : 'notOlderThan', revision };
}

/**
 * The list options of a query, by the rules of
 * kubernetes.io/docs/reference/using-api/api-concepts (resource versions).
 * @throws StatusError 400
 */
export function parseListOptions(query: URLSearchParams): ListOptions {
  const limit = countParameter(query, 'limit') || undefined;
  const token = query.get('continue') || undefined;
  const at = listAt(query, limit, token !== undefined);
  if (token === undefined) return { limit, at, from: undefined };
  if (at.kind !== 'newest' && at.kind !== 'any') {
    throw badRequest(
      'resourceVersion: Forbidden: specifying resource version is not allowed when using continue',
    );
  }
  return { limit, at, from: decodeContinueToken(token) };
}
