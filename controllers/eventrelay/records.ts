import type { Event } from '../../crds/event/definition.ts';
import type { Stored } from '../../crds/meta/meta.ts';
import { TRACEPARENT_ANNOTATION } from '../../lib/telemetry.ts';

/** Why the stream begins anew from a list instead of going on where it was. */
export type GapReason =
  /** There is no cursor (or none that can be read): the stream begins here. */
  | 'NoCursor'
  /** The changes after the cursor were compacted away. */
  | 'Compacted'
  /** The store is older than the cursor: somebody edited it, or it is another store's. */
  | 'CursorAhead';

/** A CloudEvent (cloudevents.io, version 1.0, JSON format) of the stream. `source` and `id` together are unique. */
export interface StreamRecord {
  readonly specversion: '1.0';
  readonly id: string;
  readonly source: string;
  readonly type:
    | 'dev.holt.event.added'
    | 'dev.holt.event.modified'
    | 'dev.holt.stream.started'
    | 'dev.holt.stream.gap';
  /** `namespace/Kind/name` of the object that it is about. */
  readonly subject?: string;
  readonly time: string;
  readonly datacontenttype: 'application/json';
  /** Of the Event; of a gap: the last revision that was relayed before it. */
  readonly resourceversion: string;
  /** W3C trace context, where the Event carries one. */
  readonly traceparent?: string;
  /** Told by a list, after changes were missed: not each change, but the last of each Event. */
  readonly caughtup?: true;
  readonly data: Readonly<Record<string, unknown>>;
}

export interface RecordContext {
  /** Names the store, so that a new one's revisions are not taken for an old one's. */
  readonly source: string;
}

/** The record of an Event as a watch told of it. */
export function recordOfChange(
  { source }: RecordContext,
  type: 'ADDED' | 'MODIFIED',
  event: Stored<Event>,
): StreamRecord {
  const { managedFields: _, ...metadata } = event.metadata;
  const traceparent = metadata.annotations?.[TRACEPARENT_ANNOTATION];
  return {
    specversion: '1.0',
    id: `${metadata.uid}.${metadata.resourceVersion}`,
    source,
    type: type === 'ADDED' ? 'dev.holt.event.added' : 'dev.holt.event.modified',
    subject: subjectOf(event),
    time: timeOf(event),
    datacontenttype: 'application/json',
    resourceversion: metadata.resourceVersion,
    ...(traceparent === undefined ? {} : { traceparent }),
    data: { ...event, metadata },
  };
}

/** The record of an Event as a list told of it: whether it is new since the cursor, its count tells. */
export function recordOfListed(context: RecordContext, event: Stored<Event>): StreamRecord {
  const isRepeated = (event.count ?? event.series?.count ?? 1) > 1;
  return { ...recordOfChange(context, isRepeated ? 'MODIFIED' : 'ADDED', event), caughtup: true };
}

/** Where changes may be missing from the stream. */
export interface Gap {
  readonly reason: GapReason;
  /** The last revision that was relayed; undefined where nothing was. */
  readonly from: number | undefined;
  /** The revision of the list that the stream goes on from. */
  readonly to: number;
}

const GAP_MESSAGES: Readonly<Record<GapReason, string>> = {
  NoCursor: 'the stream begins here, with the Events that are still stored',
  Compacted:
    'changes after "from" and up to "to" were compacted before they were read; of each Event that is still stored the last change follows',
  CursorAhead:
    'the cursor is ahead of the store: somebody edited it, or it is of another store; all stored Events follow',
};

/** Says in the stream itself that something may be missing. */
export function recordOfGap({ source }: RecordContext, gap: Gap, nowMs: number): StreamRecord {
  const isStart = gap.reason === 'NoCursor';
  return {
    specversion: '1.0',
    id: `${isStart ? 'start' : 'gap'}.${gap.from ?? 0}.${gap.to}`,
    source,
    type: isStart ? 'dev.holt.stream.started' : 'dev.holt.stream.gap',
    time: new Date(nowMs).toISOString(),
    datacontenttype: 'application/json',
    resourceversion: String(gap.from ?? 0),
    data: { ...gap, message: GAP_MESSAGES[gap.reason] },
  };
}

function subjectOf({ involvedObject, metadata }: Stored<Event>): string {
  const { namespace, kind, name } = involvedObject;
  return [namespace ?? metadata.namespace, kind, name].filter((part) => part !== undefined).join('/');
}

function timeOf(event: Stored<Event>): string {
  return (
    event.lastTimestamp ??
    event.series?.lastObservedTime ??
    event.eventTime ??
    event.metadata.creationTimestamp ??
    new Date(0).toISOString()
  );
}
