import type { Logger } from '../../../lib/logger.ts';
import type { EtcdConnection } from '../etcd/connection.ts';
import { WatchStream } from '../watch/watch-stream.ts';
import type { EventCursor } from './event-cursor.ts';
import { toWindowEvent } from './resource-window.ts';
import type { WindowEvent } from './window-event.ts';

export interface HistoryCursorOptions {
  readonly connection: EtcdConnection;
  readonly logger: Logger;
  readonly prefix: string;
  /** Hand out the changes after this revision. */
  readonly afterRevision: number;
  readonly onReadable: () => void;
}

/** Above this many waiting changes etcd is told to hold back. */
const QUEUE_HIGH = 256;

/** Changes straight from etcd's history, for a reader that wants more past than the window keeps. */
export function openHistoryCursor(options: HistoryCursorOptions): EventCursor {
  const queue: WindowEvent[] = [];
  let expired = false;
  let handedOut = options.afterRevision;
  const stream = new WatchStream({
    connection: options.connection,
    prefix: options.prefix,
    startRevision: options.afterRevision + 1,
    logger: options.logger,
    onEvents: (events) => {
      for (const event of events) {
        const change = toWindowEvent(event);
        if (change === undefined) expired = true;
        else if (!expired) queue.push(change);
      }
      if (queue.length > QUEUE_HIGH) stream.pause();
      options.onReadable();
    },
    onProgress: () => options.onReadable(),
    onCompacted: () => {
      expired = true;
      options.onReadable();
    },
  });
  return {
    next: () => {
      const event = queue.shift();
      if (event === undefined) return expired ? 'expired' : undefined;
      if (queue.length < QUEUE_HIGH / 2) stream.resume();
      handedOut = event.revision;
      return event;
    },
    get revision() {
      return queue.length > 0 || expired ? handedOut : Math.max(handedOut, stream.deliveredRevision);
    },
    close: () => stream.close(),
  };
}
