import type { ApiAddress } from '../json-connection.ts';
import { type FeedEvent, openFeed } from '../watch-feed.ts';
import type { WatchedEvent } from './check-watch.ts';
import { leasesPath, seenOf } from './lease-client.ts';

export interface RecorderOptions {
  readonly address: ApiAddress;
  readonly namespace: string;
  readonly afterRevision: number;
  /** Take bookmarks, and go on from them. */
  readonly bookmarks: boolean;
}

/** A watcher that goes on from the last revision it saw whenever its stream ends. */
export interface WatchRecorder {
  readonly events: readonly WatchedEvent[];
  /** Everything up to here was seen. */
  readonly revision: () => number;
  /** Streams that were opened. */
  readonly streamCount: () => number;
  close(): void;
}

const RETRY_MS = 50;

/** Records all events of a namespace's leases; an ERROR event is recorded like the others. */
export function recordWatch(options: RecorderOptions): WatchRecorder {
  const { address, namespace, bookmarks } = options;
  const events: WatchedEvent[] = [];
  let revision = options.afterRevision;
  let streamCount = 0;
  let closed = false;
  let feed = { close: () => {} };
  const take = ({ type, object }: FeedEvent) => {
    if (type === 'ERROR') {
      events.push({ type, object: { key: JSON.stringify(object), revision: 0, uid: '', content: {} } });
      return;
    }
    revision = Number(object.metadata.resourceVersion);
    if (type !== 'BOOKMARK') events.push({ type, object: seenOf(object) });
  };
  const open = () => {
    if (closed) return;
    streamCount += 1;
    const query = `watch=true&resourceVersion=${revision}${bookmarks ? '&allowWatchBookmarks=true&timeoutSeconds=2' : ''}`;
    feed = openFeed({
      address,
      path: `${leasesPath(namespace)}?${query}`,
      onEvent: take,
      onEnd: () => setTimeout(open, RETRY_MS),
    });
  };
  open();
  return {
    events,
    revision: () => revision,
    streamCount: () => streamCount,
    close: () => {
      closed = true;
      feed.close();
    },
  };
}
