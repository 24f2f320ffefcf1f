import type { Content, Seen } from './operation.ts';
import { sameContent } from './operation.ts';
import type { LogEntry } from './store-log.ts';

/** What stood at one key, and over which revisions. */
export interface Span {
  readonly from: number;
  /** Exclusive. */
  readonly to: number;
  readonly entry: LogEntry | undefined;
}

/** Index of the last span that begins at or before `revision`. */
function indexAt(spans: readonly Span[], revision: number): number {
  let low = 0;
  let high = spans.length;
  while (low < high) {
    const middle = (low + high) >>> 1;
    if ((spans[middle]?.from ?? 0) <= revision) low = middle + 1;
    else high = middle;
  }
  return low - 1;
}

/** The states of every key over all revisions, from the store's log. */
export class Timeline {
  readonly #spans = new Map<string, Span[]>();

  constructor(log: readonly LogEntry[]) {
    const entries = Map.groupBy(log, (entry) => entry.key);
    for (const [key, changes] of entries) {
      const spans: Span[] = [{ from: 0, to: changes[0]?.revision ?? 0, entry: undefined }];
      for (const [index, change] of changes.entries()) {
        spans.push({
          from: change.revision,
          to: changes[index + 1]?.revision ?? Number.POSITIVE_INFINITY,
          entry: change.type === 'put' ? change : undefined,
        });
      }
      this.#spans.set(key, spans);
    }
  }

  /** The spans of a key; a key that never was is absent for ever. */
  spans(key: string): readonly Span[] {
    return this.#spans.get(key) ?? [{ from: 0, to: Number.POSITIVE_INFINITY, entry: undefined }];
  }

  at(key: string, revision: number): Span | undefined {
    const spans = this.spans(key);
    return spans[indexAt(spans, revision)];
  }

  /** The span in which this very object stood; undefined where the store never held it so. */
  spanOf({ key, revision, uid, content }: Seen): Span | undefined {
    const span = this.at(key, revision);
    if (span?.entry === undefined || span.from !== revision || span.entry.uid !== uid) return undefined;
    return sameContent(span.entry.content, content) ? span : undefined;
  }

  /** The first revision from `from` on at which a key's state fulfils a condition. */
  firstFrom(key: string, from: number, condition: (span: Span) => boolean): number | undefined {
    const spans = this.spans(key);
    for (let index = Math.max(0, indexAt(spans, from)); index < spans.length; index += 1) {
      const span = spans[index];
      if (span !== undefined && condition(span)) return Math.max(from, span.from);
    }
    return undefined;
  }

  /** All objects of one revision. */
  objectsAt(revision: number): ReadonlyMap<string, { uid: string; content: Content; revision: number }> {
    const objects = new Map<string, { uid: string; content: Content; revision: number }>();
    for (const key of this.#spans.keys()) {
      const span = this.at(key, revision);
      if (span?.entry === undefined) continue;
      const { uid, content } = span.entry;
      objects.set(key, { uid, content, revision: span.from });
    }
    return objects;
  }
}
