import { type ListPage, listPage } from '../../storage/list-page.ts';
import { StorageError } from '../../storage/storage-error.ts';
import type { StoredObject } from '../../storage/stored-object.ts';
import type { ServerContext } from '../http/context.ts';
import { expired, resourceVersionTooLarge } from '../http/errors.ts';
import { prefixOf, type Target } from '../http/resource.ts';
import type { Selection } from '../selectors/selection.ts';
import { encodeContinueToken } from './continue-token.ts';
import type { ListOptions } from './list-options.ts';

export interface ListResult {
  readonly items: readonly StoredObject[];
  readonly metadata: {
    readonly resourceVersion: string;
    readonly continue?: string;
    readonly remainingItemCount?: number;
  };
}

/** Objects in memory, in key order. */
export function listCached(context: ServerContext, target: Target, selection: Selection): StoredObject[] {
  const items = [...context.cache.window(target.resource.prefix).objects(prefixOf(target))];
  const chosen = selection.isEverything ? items : items.filter((stored) => selection.matches(stored));
  return chosen.sort((a, b) => (a.key < b.key ? -1 : 1));
}

/** The page, or an error that carries the token with which the rest can be had as it stands now. */
async function readPage(
  context: ServerContext,
  prefix: string,
  options: ListOptions,
  selection: Selection,
): Promise<ListPage> {
  const { at, from, limit } = options;
  const exact = at.kind === 'exact' ? at.revision : undefined;
  try {
    return await listPage({
      kv: context.kv,
      prefix,
      limit,
      revision: from === undefined ? exact : from.revision,
      after: from === undefined ? undefined : prefix + from.after,
      ...(selection.isEverything ? {} : { matches: (stored) => selection.matches(stored) }),
    });
  } catch (error) {
    if (!(error instanceof StorageError)) throw error;
    if (error.kind === 'future-revision') throw resourceVersionTooLarge(exact ?? 0, context.cache.revision);
    if (error.kind !== 'compacted' || from === undefined) throw error;
    throw expired(
      'The provided continue parameter is too old to display a consistent list result. You can start a new list without the continue parameter, or use the continue token in this response to retrieve the remainder of the results. Continuing with the provided token results in an inconsistent list - objects that were created, modified, or deleted between the time the first chunk was returned and now may show up in the list.',
      encodeContinueToken({ revision: undefined, after: from.after }),
    );
  }
}

/**
 * Lists a collection. Without a resourceVersion the answer is of the newest revision, read from etcd; a client
 * that takes any or a sufficiently new state is served from memory, unless it asks for pages.
 * @throws StatusError, StorageError
 */
export async function listObjects(
  context: ServerContext,
  target: Target,
  options: ListOptions,
  selection: Selection,
): Promise<ListResult> {
  const { at, from, limit } = options;
  const { cache } = context;
  const isPlain = from === undefined && limit === undefined && cache.ready;
  if (isPlain && (at.kind === 'any' || (at.kind === 'notOlderThan' && cache.revision >= at.revision))) {
    return {
      items: listCached(context, target, selection),
      metadata: { resourceVersion: String(cache.revision) },
    };
  }
  const prefix = prefixOf(target);
  const page = await readPage(context, prefix, options, selection);
  if (at.kind === 'notOlderThan' && page.revision < at.revision) {
    throw resourceVersionTooLarge(at.revision, page.revision);
  }
  return { items: page.items, metadata: listMetadata(page, prefix, selection) };
}

function listMetadata(page: ListPage, prefix: string, selection: Selection): ListResult['metadata'] {
  const resourceVersion = String(page.revision);
  if (page.continueAfter === undefined) return { resourceVersion };
  const after = page.continueAfter.slice(prefix.length);
  return {
    resourceVersion,
    continue: encodeContinueToken({ revision: page.revision, after }),
    ...(selection.isEverything ? { remainingItemCount: page.remaining } : {}),
  };
}
