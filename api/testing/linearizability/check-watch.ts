import type { Anomaly, AnomalyKind } from './anomaly.ts';
import { type Seen, sameContent } from './operation.ts';
import type { LogEntry } from './store-log.ts';

/** One event as a watcher received it. */
export interface WatchedEvent {
  readonly type: string;
  readonly object: Seen;
}

function typeOf(entry: LogEntry): string {
  if (entry.type === 'delete') return 'DELETED';
  return entry.previousRevision === 0 ? 'ADDED' : 'MODIFIED';
}

function isTold({ type, object }: WatchedEvent, entry: LogEntry): boolean {
  return (
    type === typeOf(entry) &&
    object.key === entry.key &&
    object.uid === entry.uid &&
    sameContent(object.content, entry.content)
  );
}

/** Whether a watcher saw every change of the log once, in order, as it was. */
export function checkWatch(
  name: string,
  events: readonly WatchedEvent[],
  log: readonly LogEntry[],
): readonly Anomaly[] {
  const anomalies: Anomaly[] = [];
  const add = (kind: AnomalyKind, detail: string) => anomalies.push({ kind, detail: `${name}: ${detail}` });
  const entries = new Map(log.map((entry) => [entry.revision, entry]));
  const seen = new Set<number>();
  let newest = 0;
  for (const event of events) {
    const { key, revision } = event.object;
    const what = `${event.type} ${key} at ${revision}`;
    const entry = entries.get(revision);
    if (entry === undefined) add('watch-content', `${what} never happened`);
    else if (!isTold(event, entry))
      add(
        'watch-content',
        `${what} told ${JSON.stringify(event.object)}, the store ${JSON.stringify(entry)}`,
      );
    if (seen.has(revision)) add('watch-duplicate', what);
    else if (revision < newest) add('watch-order', `${what} after ${newest}`);
    seen.add(revision);
    newest = Math.max(newest, revision);
  }
  for (const { key, revision, type } of log)
    if (!seen.has(revision)) add('watch-missing', `${type} ${key} at ${revision}`);
  return anomalies;
}
