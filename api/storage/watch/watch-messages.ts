import { GRPC_HEAD_BYTES } from '../etcd/grpc-frame.ts';
import { readHeader } from '../etcd/kv-messages.ts';
import { ProtobufReader } from '../etcd/protobuf-reader.ts';
import { ProtobufWriter } from '../etcd/protobuf-writer.ts';

/** mvccpb.KeyValue; its buffers are views of the message that it came in. */
export interface WireKeyValue {
  readonly key: string;
  readonly createRevision: number;
  readonly modRevision: number;
  readonly value: Buffer;
}

export interface WireEvent {
  readonly type: 'PUT' | 'DELETE';
  readonly kv: WireKeyValue;
  readonly previous: WireKeyValue | undefined;
}

/** etcdserverpb.WatchResponse. Revisions fit a double: etcd would need millennia to pass 2^53. */
export interface WatchResponse {
  /** Of the store when it answered; undefined where the answer has no header. */
  readonly revision: number | undefined;
  readonly watchId: number;
  readonly created: boolean;
  readonly canceled: boolean;
  readonly compactRevision: number;
  readonly cancelReason: string;
  readonly fragment: boolean;
  readonly events: readonly WireEvent[];
}

export interface WatchCreateRequest {
  readonly prefix: string;
  /** Exclusive. */
  readonly rangeEnd: Buffer;
  readonly startRevision: number;
}

/** Asks for a watch with progress notices and previous values, in fragments; framed. */
export function encodeWatchCreate({ prefix, rangeEnd, startRevision }: WatchCreateRequest): Buffer {
  const writer = new ProtobufWriter(GRPC_HEAD_BYTES);
  writer.message(1, (create) => {
    create.bytesField(1, prefix);
    create.bytesField(2, rangeEnd);
    create.number(3, startRevision);
    create.number(4, 1);
    create.number(6, 1);
    create.number(8, 1);
  });
  return writer.bytes;
}

/** Asks how far the watches of the stream are; framed. */
export function encodeWatchProgress(): Buffer {
  const writer = new ProtobufWriter(GRPC_HEAD_BYTES);
  writer.message(3, () => {});
  return writer.bytes;
}

function readKeyValue(reader: ProtobufReader): WireKeyValue {
  let key = '';
  let createRevision = 0;
  let modRevision = 0;
  let value: Buffer | undefined;
  while (reader.next()) {
    if (reader.field === 1) key = reader.text();
    else if (reader.field === 2) createRevision = reader.number();
    else if (reader.field === 3) modRevision = reader.number();
    else if (reader.field === 5) value = reader.bytes();
  }
  return { key, createRevision, modRevision, value: value ?? Buffer.alloc(0) };
}

function readEvent(reader: ProtobufReader): WireEvent {
  let type: WireEvent['type'] = 'PUT';
  let kv: WireKeyValue | undefined;
  let previous: WireKeyValue | undefined;
  while (reader.next()) {
    if (reader.field === 1) type = reader.number() === 1 ? 'DELETE' : 'PUT';
    else if (reader.field === 2) kv = readKeyValue(reader.message());
    else if (reader.field === 3) previous = readKeyValue(reader.message());
  }
  if (kv === undefined) throw new RangeError('etcd: a watch event without a key');
  return { type, kv, previous };
}

/** @throws RangeError for bytes that are no WatchResponse */
export function decodeWatchResponse(bytes: Buffer): WatchResponse {
  const reader = new ProtobufReader(bytes);
  const events: WireEvent[] = [];
  const response = {
    revision: undefined as number | undefined,
    watchId: 0,
    created: false,
    canceled: false,
    compactRevision: 0,
    cancelReason: '',
    fragment: false,
    events,
  };
  while (reader.next()) {
    if (reader.field === 1) response.revision = readHeader(reader.message());
    else if (reader.field === 2) response.watchId = reader.number();
    else if (reader.field === 3) response.created = reader.boolean();
    else if (reader.field === 4) response.canceled = reader.boolean();
    else if (reader.field === 5) response.compactRevision = reader.number();
    else if (reader.field === 6) response.cancelReason = reader.text();
    else if (reader.field === 7) response.fragment = reader.boolean();
    else if (reader.field === 11) events.push(readEvent(reader.message()));
  }
  return response;
}
