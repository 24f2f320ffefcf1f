import type { JsonRecord } from '../../../crds/generate/json-record.ts';
import { WatchFrame } from '../../storage/cache/watch-frame.ts';
import { type WatchEventType, type WindowEvent, watchFrame } from '../../storage/cache/window-event.ts';
import type { StoredObject } from '../../storage/stored-object.ts';
import type { Representation } from '../http/media-type.ts';
import { toPartialMetadata } from '../http/render.ts';
import type { Resource } from '../http/resource.ts';
import { type IncludeObject, toTable } from '../printing/table.ts';
import { encodeProtobufWatchEvent } from '../protobuf/codec.ts';
import type { SeenEvent } from './transition.ts';

const INITIAL_EVENTS_END = 'k8s.io/initial-events-end';

/** Writes watch events as one client wants them. */
export interface FrameWriter {
  object(seen: SeenEvent, event?: WindowEvent): WatchFrame;
  bookmark(revision: number, isInitialEnd: boolean): WatchFrame;
  error(status: JsonRecord): WatchFrame;
}

export interface FrameOptions {
  readonly resource: Resource;
  readonly representation: Representation;
  readonly includeObject: IncludeObject;
  readonly nowMs: () => number;
}

function jsonFrame(type: WatchEventType | 'BOOKMARK' | 'ERROR', object: JsonRecord): WatchFrame {
  return watchFrame(type, JSON.stringify(object));
}

/** An object of the kind that says nothing but a revision. */
function bookmarkObject(
  { definition, apiVersion }: Resource,
  revision: number,
  isInitialEnd: boolean,
): JsonRecord {
  return {
    kind: definition.kind,
    apiVersion,
    metadata: {
      resourceVersion: String(revision),
      creationTimestamp: null,
      ...(isInitialEnd ? { annotations: { [INITIAL_EVENTS_END]: 'true' } } : {}),
    },
  };
}

function tableWriter({ resource, includeObject, nowMs }: FrameOptions): FrameWriter {
  let sentColumns = false;
  const frame = (type: WatchEventType, stored: StoredObject) => {
    const listMeta = { resourceVersion: String(stored.modRevision) };
    const table = toTable(resource.definition, [stored.object], { listMeta, includeObject, nowMs: nowMs() });
    const { columnDefinitions } = table;
    const first = !sentColumns;
    sentColumns = true;
    return jsonFrame(type, { ...table, columnDefinitions: first ? columnDefinitions : null });
  };
  return {
    object: ({ type, stored }) => frame(type, stored),
    bookmark: (revision, isInitialEnd) => {
      const { metadata } = bookmarkObject(resource, revision, isInitialEnd);
      return jsonFrame('BOOKMARK', {
        kind: 'Table',
        apiVersion: 'meta.k8s.io/v1',
        metadata,
        columnDefinitions: null,
        rows: [],
      });
    },
    error: (status) => jsonFrame('ERROR', status),
  };
}

function objectWriter({ resource }: FrameOptions): FrameWriter {
  return {
    object: ({ type, stored }, event) =>
      event !== undefined && event.type === type && event.current === stored
        ? event.frame
        : watchFrame(type, stored.json),
    bookmark: (revision, isInitialEnd) =>
      jsonFrame('BOOKMARK', bookmarkObject(resource, revision, isInitialEnd)),
    error: (status) => jsonFrame('ERROR', status),
  };
}

function partialWriter({ resource }: FrameOptions): FrameWriter {
  const partial = { kind: 'PartialObjectMetadata', apiVersion: 'meta.k8s.io/v1' };
  return {
    object: ({ type, stored }) => jsonFrame(type, toPartialMetadata(stored.object)),
    bookmark: (revision, isInitialEnd) =>
      jsonFrame('BOOKMARK', { ...bookmarkObject(resource, revision, isInitialEnd), ...partial }),
    error: (status) => jsonFrame('ERROR', status),
  };
}

function protobufWriter({ resource }: FrameOptions): FrameWriter {
  const frame = (type: string, object: JsonRecord) => {
    const bytes = encodeProtobufWatchEvent(type, object);
    if (bytes === undefined) throw new TypeError(`${resource.definition.kind} has no protobuf form`);
    return new WatchFrame(bytes);
  };
  return {
    object: ({ type, stored }) => frame(type, stored.object),
    bookmark: (revision, isInitialEnd) => frame('BOOKMARK', bookmarkObject(resource, revision, isInitialEnd)),
    error: (status) => frame('ERROR', status),
  };
}

/** The writer for a negotiated representation, of the version that the client watches. */
export function createFrameWriter(options: FrameOptions): FrameWriter {
  const writer = writerOf(options);
  const { view } = options.resource;
  return {
    ...writer,
    object: ({ type, stored }, event) => writer.object({ type, stored: view(stored) }, event),
  };
}

function writerOf(options: FrameOptions): FrameWriter {
  const { encoding, shape } = options.representation;
  if (shape === 'Table') return tableWriter(options);
  if (shape === 'PartialObjectMetadata') return partialWriter(options);
  return encoding === 'protobuf' ? protobufWriter(options) : objectWriter(options);
}
