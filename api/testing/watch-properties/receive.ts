import { createLogger } from '../../../lib/logger.ts';
import type { EtcdConnection } from '../../storage/etcd/connection.ts';
import { StoredObject } from '../../storage/stored-object.ts';
import type { KeyEvent } from '../../storage/watch/watch-event.ts';
import { WatchStream } from '../../storage/watch/watch-stream.ts';
import type { ApiAddress } from '../json-connection.ts';
import { openFeed } from '../watch-feed.ts';
import { type Change, type Received, stateOf } from './change.ts';

/** Everything that one watcher received, in order. */
export interface Receiver {
  readonly received: readonly Received[];
  /** Sizes of the batches in which changes came, where batches can be told. */
  readonly batches: readonly (readonly Change[])[];
  /** Everything up to here was received. */
  readonly revision: () => number;
  close(): void;
}

function toChange(event: KeyEvent, prefix: string): Change {
  const key = event.key.slice(prefix.length);
  const previous = event.previous && stateOf(new StoredObject(event.key, event.previous.value, 0).object);
  const none = { token: '', side: '' };
  const state =
    event.type === 'put' ? stateOf(new StoredObject(event.key, event.value, 0).object) : (previous ?? none);
  const type = event.type === 'delete' ? 'DELETED' : event.isCreate ? 'ADDED' : 'MODIFIED';
  return { revision: event.modRevision, key, type, state, previous };
}

/** Our etcd watch of a prefix. */
export function receiveFromEtcd(connection: EtcdConnection, prefix: string, after: number): Receiver {
  const received: Received[] = [];
  const batches: Change[][] = [];
  const stream = new WatchStream({
    connection,
    prefix,
    startRevision: after + 1,
    logger: createLogger('watch-properties', 'error'),
    onEvents: (events) => {
      const changes = events.map((event) => toChange(event, prefix));
      batches.push(changes);
      received.push(...changes);
    },
    onProgress: (revision) => received.push({ type: 'BOOKMARK', revision }),
    onCompacted: () => {
      throw new Error('nothing was compacted');
    },
  });
  return { received, batches, revision: () => stream.deliveredRevision, close: () => stream.close() };
}

export interface ApiReceiverOptions {
  readonly address: ApiAddress;
  readonly path: string;
  /** Parameters of every request. */
  readonly query: string;
  readonly after: number;
}

/** A watch of the API that goes on from the last revision it was told, whenever its stream ends. */
export function receiveFromApi({ address, path, query, after }: ApiReceiverOptions): Receiver {
  const received: Received[] = [];
  let revision = after;
  let closed = false;
  let feed = { close: () => {} };
  const open = () => {
    if (closed) return;
    feed = openFeed({
      address,
      path: `${path}?watch=true&resourceVersion=${revision}&${query}`,
      onEvent: ({ type, object }) => {
        revision = Number(object.metadata?.resourceVersion);
        if (type === 'BOOKMARK') received.push({ type, revision });
        else
          received.push({
            ...{
              type: type as Change['type'],
              revision,
              key: object.metadata?.name ?? JSON.stringify(object),
            },
            ...{ state: stateOf(object), previous: undefined },
          });
      },
      onEnd: () => setTimeout(open, 20),
    });
  };
  open();
  return {
    ...{ received, batches: [], revision: () => revision },
    close: () => {
      closed = true;
      feed.close();
    },
  };
}
