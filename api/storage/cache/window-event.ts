import type { StoredObject } from '../stored-object.ts';
import { WatchFrame } from './watch-frame.ts';

export type WatchEventType = 'ADDED' | 'MODIFIED' | 'DELETED';

const NEWLINE = Buffer.from('}\n');

/** One change of one object, shared by every watcher that sees it. */
export class WindowEvent {
  readonly type: WatchEventType;
  /** After the change; after a deletion: what was deleted, at the revision of its deletion. */
  readonly current: StoredObject;
  readonly previous: StoredObject | undefined;
  readonly revision: number;
  #frame: WatchFrame | undefined;

  constructor(type: WatchEventType, current: StoredObject, previous: StoredObject | undefined) {
    this.type = type;
    this.current = current;
    this.previous = previous;
    this.revision = current.modRevision;
  }

  /** Bytes that it holds in memory, roughly. */
  get sizeBytes(): number {
    return this.current.bytes.length;
  }

  /** The line of a JSON watch stream, made once for all watchers. */
  get frame(): WatchFrame {
    this.#frame ??= watchFrame(this.type, this.current.json);
    return this.#frame;
  }
}

/** One line of a JSON watch stream. */
export function watchFrame(
  type: WatchEventType | 'BOOKMARK' | 'ERROR',
  objectJson: Buffer | string,
): WatchFrame {
  const object = typeof objectJson === 'string' ? Buffer.from(objectJson) : objectJson;
  return new WatchFrame(Buffer.concat([Buffer.from(`{"type":"${type}","object":`), object, NEWLINE]));
}
