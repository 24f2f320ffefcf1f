import type { ImageEntry } from './plan.ts';

/** What lies in the images directory. */
export interface ImagesInventory {
  /** False: the directory is another installation's, reached by a link. */
  readonly isOwn: boolean;
  readonly entries: readonly ImageEntry[];
}

/** How the collection sees and changes the host. */
export interface CollectionEffects {
  inventory(): Promise<ImagesInventory>;
  /** Digests that the records of this host's VMs name; undefined: some VMM runs, and what from is not known. */
  bootedDigests(): Promise<ReadonlySet<string> | undefined>;
  /** Notes that the entry is in use, where every installation that shares the directory sees it. */
  touch(entry: ImageEntry): Promise<void>;
  /** Takes the artifact away whole, in one step. Returns where it is now; undefined where it was changed or noted since. */
  setAside(entry: ImageEntry): Promise<string | undefined>;
  /** Removes a directory with all that is in it; fine when it is gone. Returns the bytes that became free. */
  remove(path: string): Promise<number>;
}
