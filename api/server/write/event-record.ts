import { randomBytes, randomUUID } from 'node:crypto';
import { type Event, eventDefinition } from '../../../crds/event/definition.ts';
import type { ApiObject } from '../../../crds/meta/meta.ts';
import type { LifecycleEvent, StatusCommit } from '../../../crds/meta/status-commit.ts';
import { TRACEPARENT_ANNOTATION } from '../../../lib/telemetry.ts';
import type { Operation } from '../../storage/etcd/kv.ts';
import type { Guard } from '../../storage/guaranteed-update.ts';
import { listPrefix, objectKey } from '../../storage/keys.ts';
import { encodeObject, type StoredObject } from '../../storage/stored-object.ts';
import { fieldFilterOf } from '../apply/field-filter.ts';
import { type FieldWriter, managedAfterUpdate } from '../apply/field-manager.ts';
import { objectTypeOf, typesOf } from '../apply/object-type.ts';
import type { ServerContext } from '../http/context.ts';
import { setManagedFields } from './manage-fields.ts';
import { timestamp } from './write-request.ts';

/** An equal event within this time is counted up instead of added. */
const REPEAT_WINDOW_MS = 10 * 60_000;

/** What an event's write adds to a transaction. */
export interface EventWrite {
  readonly operation: Operation;
  readonly guard: Guard;
}

function freshEvent(object: ApiObject, commit: StatusCommit, event: LifecycleEvent, now: string): Event {
  const { name = '', namespace = 'default', uid, resourceVersion, annotations } = object.metadata;
  const traceparent = annotations?.[TRACEPARENT_ANNOTATION];
  return {
    apiVersion: 'v1',
    kind: 'Event',
    metadata: {
      // Names end at 253 characters; the hex digits make them unique.
      name: `${name.slice(0, 236)}.${randomBytes(8).toString('hex')}`,
      namespace,
      uid: randomUUID(),
      creationTimestamp: now,
      // Who reads the Event finds the trace of the change that led to it.
      ...(traceparent === undefined ? {} : { annotations: { [TRACEPARENT_ANNOTATION]: traceparent } }),
    },
    involvedObject: {
      apiVersion: object.apiVersion,
      kind: object.kind,
      name,
      ...(object.metadata.namespace === undefined ? {} : { namespace }),
      ...(uid === undefined ? {} : { uid }),
      ...(resourceVersion === undefined ? {} : { resourceVersion }),
    },
    type: event.type,
    reason: event.reason,
    message: event.message,
    ...(event.action === undefined ? {} : { action: event.action }),
    count: 1,
    firstTimestamp: now,
    lastTimestamp: now,
    source: { component: commit.reportingComponent, host: commit.reportingInstance },
    reportingComponent: commit.reportingComponent,
    reportingInstance: commit.reportingInstance,
  };
}

/** Who reports the events owns their fields. */
function eventWriter(context: ServerContext, manager: string, now: string): FieldWriter | undefined {
  const { group, version, plural } = eventDefinition;
  const resource = context.catalog.find(group, version, plural);
  return (
    resource && {
      manager,
      subresource: '',
      apiVersion: resource.apiVersion,
      type: objectTypeOf(resource.structural),
      typeOf: typesOf(resource, context.catalog),
      filter: fieldFilterOf(eventDefinition, ''),
      now,
    }
  );
}

/** Notes in an event who owns what of it. */
function manageEvent(writer: FieldWriter | undefined, live: Event | undefined, next: Event): void {
  if (writer !== undefined) setManagedFields(next, managedAfterUpdate(writer, live, next, undefined));
}

/** Whether `known` is the same thing happening to the same object, not long ago. */
function isRepetition(known: Event, uid: string | undefined, event: LifecycleEvent, nowMs: number): boolean {
  return (
    known.involvedObject.uid === uid &&
    known.reason === event.reason &&
    known.message === event.message &&
    known.type === event.type &&
    nowMs - Date.parse(known.lastTimestamp ?? '') < REPEAT_WINDOW_MS
  );
}

/** The newest cached event that `event` repeats. */
function findRepeated(
  context: ServerContext,
  object: ApiObject,
  event: LifecycleEvent,
  nowMs: number,
): StoredObject | undefined {
  const { name = '', namespace = 'default', uid } = object.metadata;
  const prefix = `${listPrefix(eventDefinition, namespace)}${name}.`;
  let newest: StoredObject | undefined;
  for (const stored of context.cache.window(listPrefix(eventDefinition, undefined)).objects(prefix)) {
    if (newest !== undefined && stored.modRevision < newest.modRevision) continue;
    if (isRepetition(stored.object as Event, uid, event, nowMs)) newest = stored;
  }
  return newest;
}

/** The write of one event: a count raised, or a new object. */
function planEvent(
  context: ServerContext,
  object: ApiObject,
  commit: StatusCommit,
  event: LifecycleEvent,
  useKnown: boolean,
): EventWrite {
  const nowMs = context.clock.nowMs();
  const now = timestamp(nowMs);
  const writer = eventWriter(context, commit.reportingComponent, now);
  const known = useKnown ? findRepeated(context, object, event, nowMs) : undefined;
  if (known === undefined) {
    const fresh = freshEvent(object, commit, event, now);
    manageEvent(writer, undefined, fresh);
    const key = objectKey(eventDefinition, fresh.metadata.namespace, fresh.metadata.name ?? '');
    return {
      operation: { put: key, value: encodeObject(fresh) },
      guard: { key, modRevision: 0, onMismatch: () => undefined },
    };
  }
  const repeated = known.clone() as Event;
  repeated.count = (repeated.count ?? 1) + 1;
  repeated.lastTimestamp = now;
  manageEvent(writer, known.object as Event, repeated);
  return {
    operation: { put: known.key, value: encodeObject(repeated) },
    guard: { key: known.key, modRevision: known.modRevision, onMismatch: () => undefined },
  };
}

/**
 * The writes for the events of a commit. Equal ones are counted up, others added.
 * @param useKnown false: add even what looks like a repetition, since the earlier event changes under our hands
 */
export function planEvents(
  context: ServerContext,
  object: ApiObject,
  commit: StatusCommit,
  useKnown: boolean,
): readonly EventWrite[] {
  // A key may stand only once in a transaction.
  const seen = new Set<string>();
  const distinct = commit.events.filter((event) => {
    const identity = JSON.stringify([event.type, event.reason, event.message]);
    return !seen.has(identity) && seen.add(identity);
  });
  return distinct.map((event) => planEvent(context, object, commit, event, useKnown));
}
