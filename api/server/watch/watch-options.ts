import { booleanParameter, countParameter, parseResourceVersion } from '../http/query.ts';
import {
  forbiddenOption,
  invalidListOptions,
  type OptionProblem,
  unsupportedOption,
} from '../read/options-error.ts';

/** What the client sees first. */
export type WatchStart =
  /** The objects of the newest revision as ADDED, then changes. */
  | { readonly kind: 'newest' }
  /** The objects of a state at least as new as `revision` as ADDED, then changes. */
  | { readonly kind: 'notOlderThan'; readonly revision: number }
  /** Changes after this revision; undefined: after the newest. */
  | { readonly kind: 'after'; readonly revision: number | undefined };

export interface WatchOptions {
  readonly start: WatchStart;
  readonly bookmarks: boolean;
  /** Say with a bookmark when the initial objects are through. */
  readonly announceInitialEnd: boolean;
  readonly timeoutMs: number;
}

/** Without timeoutSeconds a watch ends after 30 to 60 minutes, so that connections spread anew over replicas. */
function defaultTimeoutMs(): number {
  return (1_800 + Math.random() * 1_800) * 1_000;
}

function problemsOf(query: URLSearchParams): readonly OptionProblem[] {
  const problems: OptionProblem[] = [];
  const match = query.get('resourceVersionMatch') || undefined;
  const forbid = (why: string) => problems.push(forbiddenOption('resourceVersionMatch', why));
  const sendsInitial = query.has('sendInitialEvents');
  if (sendsInitial && match !== 'NotOlderThan')
    forbid('sendInitialEvents requires setting resourceVersionMatch to NotOlderThan');
  if (match === undefined) return problems;
  if (!sendsInitial)
    forbid('resourceVersionMatch is forbidden for watch unless sendInitialEvents is provided');
  if (match !== 'NotOlderThan')
    problems.push(unsupportedOption('resourceVersionMatch', match, ['NotOlderThan']));
  if (query.get('continue')) forbid('resourceVersionMatch is forbidden when continue is provided');
  return problems;
}

function watchStart(query: URLSearchParams): WatchStart {
  const problems = problemsOf(query);
  if (problems.length > 0) throw invalidListOptions(problems);
  const revision = parseResourceVersion(query.get('resourceVersion'));
  if (!query.has('sendInitialEvents')) {
    if (revision === undefined) return { kind: 'newest' };
    return revision === 0 ? { kind: 'notOlderThan', revision } : { kind: 'after', revision };
  }
  if (!booleanParameter(query, 'sendInitialEvents'))
    return { kind: 'after', revision: revision || undefined };
  return revision === undefined ? { kind: 'newest' } : { kind: 'notOlderThan', revision };
}

/**
 * The watch options of a query, by the rules of kubernetes.io/docs/reference/using-api/api-concepts.
 * @throws StatusError 422 for options that contradict each other, 400 for values that are none
 */
export function parseWatchOptions(query: URLSearchParams): WatchOptions {
  const timeoutSeconds = countParameter(query, 'timeoutSeconds');
  return {
    start: watchStart(query),
    bookmarks: booleanParameter(query, 'allowWatchBookmarks'),
    announceInitialEnd:
      booleanParameter(query, 'sendInitialEvents') && booleanParameter(query, 'allowWatchBookmarks'),
    timeoutMs:
      timeoutSeconds === undefined || timeoutSeconds === 0 ? defaultTimeoutMs() : timeoutSeconds * 1_000,
  };
}
