import type { EventCursor } from '../../storage/cache/event-cursor.ts';
import { openHistoryCursor } from '../../storage/cache/history-cursor.ts';
import { currentRevision } from '../../storage/current-revision.ts';
import { listPage } from '../../storage/list-page.ts';
import type { StoredObject } from '../../storage/stored-object.ts';
import type { ServerContext } from '../http/context.ts';
import { resourceVersionTooLarge, serviceUnavailable } from '../http/errors.ts';
import { prefixOf, type Target } from '../http/resource.ts';
import { isCacheCurrent } from '../read/cache-currency.ts';
import { listCached } from '../read/list.ts';
import type { Selection } from '../selectors/selection.ts';
import type { WatchStart } from './watch-options.ts';

/** What a watch begins with, and where its changes come from. */
export interface WatchSource {
  /** Objects to be sent as ADDED first; undefined where the client asked for changes alone. */
  readonly initial: readonly StoredObject[] | undefined;
  /** The initial objects are of this revision; changes follow it. */
  readonly revision: number;
  readonly openCursor: (onReadable: () => void) => EventCursor;
}

const CACHE_WAIT_MS = 5_000;

/** The objects of the newest revision, or of memory where that is new enough. */
async function initialState(
  context: ServerContext,
  target: Target,
  selection: Selection,
  revisionMin: number | undefined,
): Promise<{ initial: readonly StoredObject[]; revision: number }> {
  const { cache, kv } = context;
  const isEnough = revisionMin === undefined ? await isCacheCurrent(context) : cache.revision >= revisionMin;
  if (isEnough) {
    return { initial: listCached(context, target, selection), revision: cache.revision };
  }
  const matches = selection.isEverything
    ? {}
    : { matches: (stored: StoredObject) => selection.matches(stored) };
  const page = await listPage({ kv, prefix: prefixOf(target), ...matches });
  if (revisionMin !== undefined && page.revision < revisionMin) {
    throw resourceVersionTooLarge(revisionMin, page.revision);
  }
  return { initial: page.items, revision: page.revision };
}

async function startRevision(context: ServerContext, asked: number | undefined): Promise<number> {
  if (asked !== undefined && asked <= context.cache.revision) return asked;
  const current = await currentRevision(context.kv);
  if (asked !== undefined && asked > current) throw resourceVersionTooLarge(asked, current);
  return asked ?? current;
}

/**
 * Prepares a watch. Changes come from the shared window, or from etcd itself where they lie further back.
 * @throws StatusError 504 for a revision that is yet to come, 503 before the cache is filled; StorageError
 */
export async function openSource(
  context: ServerContext,
  target: Target,
  selection: Selection,
  start: WatchStart,
): Promise<WatchSource> {
  const { cache, connection, logger } = context;
  if (!(await cache.whenReady(CACHE_WAIT_MS))) {
    throw serviceUnavailable(
      'etcd has not answered since this server started, so it cannot watch. Check that etcd runs ("holt dev status", or its log)',
    );
  }
  const { initial, revision } =
    start.kind === 'after'
      ? { initial: undefined, revision: await startRevision(context, start.revision) }
      : await initialState(context, target, selection, start.kind === 'newest' ? undefined : start.revision);
  const prefix = target.resource.prefix;
  return {
    initial,
    revision,
    openCursor: (onReadable) =>
      cache.window(prefix).cursorAfter(revision, onReadable) ??
      openHistoryCursor({ connection, logger, prefix, afterRevision: revision, onReadable }),
  };
}
