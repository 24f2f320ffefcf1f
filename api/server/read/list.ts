import { type ListPage, listPage } from '../../storage/list-page.ts';
import { StorageError } from '../../storage/storage-error.ts';
import type { StoredObject } from '../../storage/stored-object.ts';
import type { ServerContext } from '../http/context.ts';
import { expired, resourceVersionTooLarge } from '../http/errors.ts';
import { prefixOf, type Target } from '../http/resource.ts';
import type { Selection } from '../selectors/selection.ts';
import { isCacheCurrent } from './cache-currency.ts';
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
  return selection.isEverything ? items : items.filter((stored) => selection.matches(stored));
}

/** The first page of what is in memory; `limit` counts the objects that are chosen. */
function cachedPage(
  context: ServerContext,
  target: Target,
  limit: number | undefined,
  selection: Selection,
): ListPage {
  const { revision } = context.cache;
  const prefix = prefixOf(target);
  const window = context.cache.window(target.resource.prefix);
  if (limit === undefined) {
    const items = listCached(context, target, selection);
    return { items, revision, continueAfter: undefined, remaining: 0 };
  }
  const items: StoredObject[] = [];
  let remaining = window.count(prefix);
  for (const stored of window.objects(prefix)) {
    remaining -= 1;
    if (!selection.isEverything && !selection.matches(stored)) continue;
    items.push(stored);
    if (items.length >= limit && remaining > 0)
      return { items, revision, continueAfter: stored.key, remaining };
  }
  return { items, revision, continueAfter: undefined, remaining: 0 };
}

/** Whether memory is new enough for what is asked. @throws StorageError */
async function isCacheEnough(context: ServerContext, { at, from }: ListOptions): Promise<boolean> {
  if (from !== undefined || !context.cache.ready) return false;
  if (at.kind === 'any') return true;
  if (at.kind === 'newest') return isCacheCurrent(context);
  return at.kind === 'notOlderThan' && context.cache.revision >= at.revision;
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
 * Lists a collection. Without a resourceVersion the answer is of the newest revision: from memory as soon as that
 * has it, else from etcd, as are the further pages of a list and states of the past.
 * @throws StatusError, StorageError
 */
export async function listObjects(
  context: ServerContext,
  target: Target,
  options: ListOptions,
  selection: Selection,
): Promise<ListResult> {
  const prefix = prefixOf(target);
  const { view } = target.resource;
  if (await isCacheEnough(context, options)) {
    const page = cachedPage(context, target, options.limit, selection);
    return { items: page.items.map(view), metadata: listMetadata(page, prefix, selection) };
  }
  const page = await readPage(context, prefix, options, selection);
  const { at } = options;
  if (at.kind === 'notOlderThan' && page.revision < at.revision) {
    throw resourceVersionTooLarge(at.revision, page.revision);
  }
  return { items: page.items.map(view), metadata: listMetadata(page, prefix, selection) };
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
