import { formatKey, keyOf, type Lister } from '../../api/client/index.ts';
import { isOlderRevision } from '../../api/client/revision.ts';
import type { Stored } from '../../crds/meta/meta.ts';
import type { UserVm } from '../../crds/uservm/definition.ts';
import type { UserVmObjects } from './deps.ts';

/**
 * The informer's objects, except where this controller's own last write is newer: it would otherwise decide on
 * a status that it has already replaced, and be refused at the next commit.
 */
export class FreshObjects implements UserVmObjects {
  readonly #lister: Pick<Lister<UserVm>, 'get'>;
  readonly #written = new Map<string, Stored<UserVm>>();

  constructor(lister: Pick<Lister<UserVm>, 'get'>) {
    this.#lister = lister;
  }

  get(namespace: string, name: string): Stored<UserVm> | undefined {
    const key = formatKey({ namespace, name });
    const cached = this.#lister.get(namespace, name);
    const written = this.#written.get(key);
    if (written === undefined) return cached;
    const isCaughtUp =
      cached === undefined ||
      cached.metadata.uid !== written.metadata.uid ||
      !isOlderRevision(cached.metadata.resourceVersion, written.metadata.resourceVersion);
    if (!isCaughtUp) return written;
    this.#written.delete(key);
    return cached;
  }

  remember(object: Stored<UserVm>): void {
    this.#written.set(keyOf(object), object);
  }
}
