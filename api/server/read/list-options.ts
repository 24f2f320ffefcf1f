import { badRequest } from '../http/errors.ts';
import { countParameter, parseResourceVersion } from '../http/query.ts';
import { type ContinueToken, decodeContinueToken } from './continue-token.ts';
import {
  forbiddenOption,
  invalidListOptions,
  type OptionProblem,
  unsupportedOption,
} from './options-error.ts';

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

const MATCHES = ['Exact', 'NotOlderThan'];

/** Options that contradict each other; the revision and the token are looked at by their own parsers. */
function problemsOf(query: URLSearchParams): readonly OptionProblem[] {
  const problems: OptionProblem[] = [];
  const match = query.get('resourceVersionMatch') || undefined;
  const resourceVersion = query.get('resourceVersion') || undefined;
  const forbid = (why: string) => problems.push(forbiddenOption('resourceVersionMatch', why));
  if (match !== undefined) {
    if (resourceVersion === undefined)
      forbid('resourceVersionMatch is forbidden unless resourceVersion is provided');
    if (query.get('continue')) forbid('resourceVersionMatch is forbidden when continue is provided');
    if (!MATCHES.includes(match))
      problems.push(unsupportedOption('resourceVersionMatch', match, [...MATCHES, '']));
    if (match === 'Exact' && resourceVersion === '0')
      forbid('resourceVersionMatch "exact" is forbidden for resourceVersion "0"');
  }
  if (query.has('sendInitialEvents'))
    problems.push(forbiddenOption('sendInitialEvents', 'sendInitialEvents is forbidden for list'));
  return problems;
}

function listAt(query: URLSearchParams, limit: number | undefined): ListAt {
  const problems = problemsOf(query);
  if (problems.length > 0) throw invalidListOptions(problems);
  const revision = parseResourceVersion(query.get('resourceVersion'));
  if (revision === undefined) return { kind: 'newest' };
  if (revision === 0) return { kind: 'any' };
  const match = query.get('resourceVersionMatch') || undefined;
  const isExact = match === 'Exact' || (match === undefined && limit !== undefined);
  return { kind: isExact ? 'exact' : 'notOlderThan', revision };
}

/**
 * The list options of a query, by the rules of
 * kubernetes.io/docs/reference/using-api/api-concepts (resource versions).
 * @throws StatusError 422 for options that contradict each other, 400 for values that are none
 */
export function parseListOptions(query: URLSearchParams): ListOptions {
  const limit = countParameter(query, 'limit') || undefined;
  const token = query.get('continue') || undefined;
  const at = listAt(query, limit);
  if (token === undefined) return { limit, at, from: undefined };
  if (at.kind !== 'newest' && at.kind !== 'any') {
    throw badRequest(
      'resourceVersion: Forbidden: specifying resource version is not allowed when using continue',
    );
  }
  return { limit, at, from: decodeContinueToken(token) };
}
