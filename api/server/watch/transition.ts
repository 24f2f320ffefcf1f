import type { WatchEventType, WindowEvent } from '../../storage/cache/window-event.ts';
import { StoredObject } from '../../storage/stored-object.ts';
import type { Selection } from '../selectors/selection.ts';

/** What one watcher is told of a change. */
export interface SeenEvent {
  readonly type: WatchEventType;
  readonly stored: StoredObject;
}

/**
 * A change as seen through a selection: an object that begins to match is ADDED, one that no longer does is
 * DELETED (as it was when it last matched, at the revision of the change); undefined where it is not seen at all.
 */
export function seenThrough(event: WindowEvent, prefix: string, selection: Selection): SeenEvent | undefined {
  const { current, previous, type } = event;
  if (!current.key.startsWith(prefix)) return undefined;
  if (selection.isEverything) return { type, stored: current };
  const matched = previous !== undefined && selection.matches(previous);
  const matches = type !== 'DELETED' && selection.matches(current);
  if (matches) return { type: matched ? 'MODIFIED' : 'ADDED', stored: current };
  if (!matched || previous === undefined) return undefined;
  return { type: 'DELETED', stored: new StoredObject(previous.key, previous.bytes, event.revision) };
}
