/** A directory that may be collected. */
export interface ImageEntry {
  readonly path: string;
  readonly what:
    | { readonly kind: 'artifact'; readonly digest: string }
    /** Work directory of a build. */
    | { readonly kind: 'build'; readonly isRunning: boolean }
    /** An artifact that was about to be removed when the process ended: nothing can be booted from it. */
    | { readonly kind: 'setAside' };
  /** When it was last made, moved, or seen in use: wall milliseconds of its inode's last change. */
  readonly changedAtMs: number;
}

export interface CollectionInput {
  readonly entries: readonly ImageEntry[];
  /** Digests that a GuestImage, a VM or a start names. */
  readonly used: ReadonlySet<string>;
  readonly retentionMs: number;
  /** Wall milliseconds. */
  readonly nowMs: number;
}

export interface CollectionPlan {
  /** In use, and not noted for some time. */
  readonly touch: readonly ImageEntry[];
  /** Unused for the retention time; what was set aside comes first, so that its name is free. */
  readonly remove: readonly ImageEntry[];
}

/** A note of use may be as old as this part of the retention time. */
const NOTES_PER_RETENTION = 8;

/** Decides what goes. Pure. */
export function planCollection({ entries, used, retentionMs, nowMs }: CollectionInput): CollectionPlan {
  const ageMs = (entry: ImageEntry) => nowMs - entry.changedAtMs;
  const isUsed = ({ what }: ImageEntry) =>
    (what.kind === 'artifact' && used.has(what.digest)) || (what.kind === 'build' && what.isRunning);
  const isSetAside = ({ what }: ImageEntry) => what.kind === 'setAside';
  return {
    touch: entries.filter(
      (entry) =>
        entry.what.kind === 'artifact' && isUsed(entry) && ageMs(entry) > retentionMs / NOTES_PER_RETENTION,
    ),
    remove: [
      ...entries.filter(isSetAside),
      ...entries.filter((entry) => !isSetAside(entry) && !isUsed(entry) && ageMs(entry) >= retentionMs),
    ],
  };
}
