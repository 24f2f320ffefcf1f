import { isCacheCurrent } from '../read/cache-currency.ts';
import type { ServerContext } from './context.ts';
import { pathNotFound, serviceUnavailable } from './errors.ts';
import { type ApiPath, parseApiPath } from './request-path.ts';
import type { Target } from './resource.ts';

/**
 * What a path names; `known`: what it was when the request came in.
 * A kind that is not known here may have been defined through another server a moment ago, so that
 * this one catches up before it says that there is none.
 * @throws StatusError 404, 503 while Holt's own kinds are not yet served; StorageError
 */
export async function servedPath(
  context: ServerContext,
  pathname: string,
  known: ApiPath | undefined,
): Promise<ApiPath & { readonly target: Target }> {
  // Since it was parsed the request may have waited for its turn.
  const isKnown = known?.target !== undefined && known.target.resource.gone?.aborted !== true;
  const first = isKnown ? known : parseApiPath(pathname, context.catalog);
  if (first?.target !== undefined) return { ...first, target: first.target };
  if (first === undefined) throw pathNotFound();
  await isCacheCurrent(context);
  const path = parseApiPath(pathname, context.catalog);
  if (path?.target !== undefined) return { ...path, target: path.target };
  if (context.catalog.isComplete) throw pathNotFound();
  throw serviceUnavailable(
    'the request has been made before all known HTTP paths have been installed, please try again',
  );
}
