import { badRequest } from '../http/errors.ts';
import { booleanParameter, countParameter, parseResourceVersion } from '../http/query.ts';

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

function watchStart(query: URLSearchParams, revision: number | undefined): WatchStart {
  const sendInitialEvents = query.get('sendInitialEvents');
  const match = query.get('resourceVersionMatch') || undefined;
  if (sendInitialEvents === null) {
    if (match !== undefined) {
      throw badRequest(
        'resourceVersionMatch: Forbidden: resourceVersionMatch is forbidden for watch unless sendInitialEvents is provided',
      );
    }
    if (revision === undefined) return { kind: 'newest' };
    return revision === 0 ? { kind: 'notOlderThan', revision } : { kind: 'after', revision };
  }
  if (match !== 'NotOlderThan') {
    throw badRequest(
      'sendInitialEvents: Forbidden: sendInitialEvents requires setting resourceVersionMatch to NotOlderThan',
    );
  }
  if (!booleanParameter(query, 'sendInitialEvents'))
    return { kind: 'after', revision: revision || undefined };
  return revision === undefined ? { kind: 'newest' } : { kind: 'notOlderThan', revision };
}

/**
 * The watch options of a query, by the rules of kubernetes.io/docs/reference/using-api/api-concepts.
 * @throws StatusError 400
 */
export function parseWatchOptions(query: URLSearchParams): WatchOptions {
  const timeoutSeconds = countParameter(query, 'timeoutSeconds');
  return {
    start: watchStart(query, parseResourceVersion(query.get('resourceVersion'))),
    bookmarks: booleanParameter(query, 'allowWatchBookmarks'),
    announceInitialEnd:
      booleanParameter(query, 'sendInitialEvents') && booleanParameter(query, 'allowWatchBookmarks'),
    timeoutMs:
      timeoutSeconds === undefined || timeoutSeconds === 0 ? defaultTimeoutMs() : timeoutSeconds * 1_000,
  };
}
