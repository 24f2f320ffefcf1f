import { join } from 'node:path';

/** A volume and the record beside it that says what it is. */
export interface VolumeFilePair {
  readonly raw: string;
  readonly record: string;
}

/** Where volumes lie. What is in use is at the top; what is not has a folder of its own. */
export interface VolumePaths {
  /** The data volume of a UserVM, by its UID. */
  live(uid: string): VolumeFilePair;
  /** A VolumeSnapshot's, by its UID. */
  snapshot(uid: string): VolumeFilePair;
  /** What was deleted or replaced and is kept for a while, by its id. */
  retained(id: string): VolumeFilePair;
  readonly retainedDirectory: string;
}

/** The layout below a node's volumes directory. */
export function volumePaths(volumesDirectory: string): VolumePaths {
  const pair = (directory: string, name: string) => ({
    raw: join(directory, `${name}.raw`),
    record: join(directory, `${name}.json`),
  });
  const retainedDirectory = join(volumesDirectory, 'retained');
  return {
    live: (uid) => pair(volumesDirectory, uid),
    snapshot: (uid) => pair(join(volumesDirectory, 'snapshots'), uid),
    retained: (id) => pair(retainedDirectory, id),
    retainedDirectory,
  };
}
