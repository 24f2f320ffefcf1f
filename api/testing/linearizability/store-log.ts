import { createLogger } from '../../../lib/logger.ts';
import type { EtcdConnection } from '../../storage/etcd/connection.ts';
import { StoredObject } from '../../storage/stored-object.ts';
import type { KeyEvent } from '../../storage/watch/watch-event.ts';
import { WatchStream } from '../../storage/watch/watch-stream.ts';
import { waitUntil } from '../wait-until.ts';
import type { Content } from './operation.ts';

/** One change that etcd really made. */
export interface LogEntry {
  readonly revision: number;
  readonly key: string;
  readonly type: 'put' | 'delete';
  /** Of the object, also of a deleted one. */
  readonly uid: string;
  /** After the change; what was deleted, for a deletion. */
  readonly content: Content;
  /** Revision of the object before; 0: there was none. */
  readonly previousRevision: number;
  /** What stood there before. */
  readonly previousContent: Content;
}

/** Everything that happens below a prefix, read from etcd itself: the witness of the order of all writes. */
export interface StoreLog {
  readonly entries: readonly LogEntry[];
  /** Resolves when the change of this revision was read. */
  reached(revision: number): Promise<void>;
  close(): void;
}

function factsOf(key: string, value: Buffer) {
  const { metadata } = new StoredObject(key, value, 0).object;
  return { uid: metadata.uid ?? '', content: metadata.annotations ?? {} };
}

function toEntry(event: KeyEvent, prefix: string): LogEntry {
  const before = event.previous === undefined ? undefined : factsOf(event.key, event.previous.value);
  const after = event.type === 'put' ? factsOf(event.key, event.value) : before;
  return {
    revision: event.modRevision,
    key: event.key.slice(prefix.length),
    type: event.type,
    uid: after?.uid ?? '',
    content: after?.content ?? {},
    previousRevision: event.previous?.modRevision ?? 0,
    previousContent: before?.content ?? {},
  };
}

/** Reads on from `startRevision`. */
export function openStoreLog(connection: EtcdConnection, prefix: string, startRevision: number): StoreLog {
  const entries: LogEntry[] = [];
  const stream = new WatchStream({
    connection,
    prefix,
    startRevision,
    logger: createLogger('store-log', 'error'),
    onEvents: (events) => {
      for (const event of events) entries.push(toEntry(event, prefix));
    },
    onCompacted: (revision) => {
      throw new Error(`the history below ${prefix} was compacted at ${revision} while it was being read`);
    },
  });
  return {
    entries,
    reached: (revision) =>
      waitUntil(
        `revision ${revision} of etcd's history`,
        () => (entries.at(-1)?.revision ?? 0) >= revision,
        60_000,
      ),
    close: () => stream.close(),
  };
}
