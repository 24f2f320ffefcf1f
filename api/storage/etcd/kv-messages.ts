import { GRPC_HEAD_BYTES } from './grpc-frame.ts';
import type { KeyValue, RangeRequest, RangeResult, TxnRequest, TxnResult } from './kv.ts';
import { ProtobufReader } from './protobuf-reader.ts';
import { ProtobufWriter } from './protobuf-writer.ts';

/** Field numbers are those of etcd's rpc.proto and kv.proto (API v3). */
const COMPARE_TARGET_MOD = 2;

/** Most requests are keys and one value. */
function sizeHint(request: TxnRequest): number {
  return request.success.reduce(
    (sum, operation) => sum + ('put' in operation ? operation.value.length : 0) + 256,
    512,
  );
}

function writeRange(writer: ProtobufWriter, request: RangeRequest): void {
  writer.bytesField(1, request.key);
  if (request.rangeEnd !== undefined) writer.bytesField(2, request.rangeEnd);
  if (request.limit !== undefined) writer.number(3, request.limit);
  if (request.revision !== undefined) writer.number(4, request.revision);
  if (request.countOnly === true) writer.number(9, 1);
}

/** A RangeRequest; framed, like all of these. */
export function encodeRange(request: RangeRequest): Buffer {
  const writer = new ProtobufWriter(GRPC_HEAD_BYTES);
  writeRange(writer, request);
  return writer.bytes;
}

/** A TxnRequest: compares modification revisions; where one differs it reads all compared keys. */
export function encodeTxn(request: TxnRequest): Buffer {
  const writer = new ProtobufWriter(GRPC_HEAD_BYTES, sizeHint(request));
  for (const { key, modRevision } of request.compare) {
    writer.message(1, (compare) => {
      compare.number(2, COMPARE_TARGET_MOD);
      compare.bytesField(3, key);
      compare.number(6, modRevision);
    });
  }
  for (const operation of request.success) {
    writer.message(2, (op) =>
      'put' in operation
        ? op.message(2, (put) => {
            put.bytesField(1, operation.put);
            put.bytesField(2, operation.value);
          })
        : op.message(3, (range) => range.bytesField(1, operation.delete)),
    );
  }
  for (const { key } of request.compare)
    writer.message(3, (op) => op.message(1, (range) => range.bytesField(1, key)));
  return writer.bytes;
}

/** A CompactionRequest that is answered once the history is gone from disk. */
export function encodeCompaction(revision: number): Buffer {
  const writer = new ProtobufWriter(GRPC_HEAD_BYTES);
  writer.number(1, revision);
  writer.number(2, 1);
  return writer.bytes;
}

/** The revision of a ResponseHeader. */
export function readHeader(reader: ProtobufReader): number {
  let revision = 0;
  while (reader.next()) if (reader.field === 3) revision = reader.number();
  return revision;
}

function readKeyValue(reader: ProtobufReader): KeyValue {
  let key = '';
  let modRevision = 0;
  let value: Buffer | undefined;
  while (reader.next()) {
    if (reader.field === 1) key = reader.text();
    else if (reader.field === 3) modRevision = reader.number();
    else if (reader.field === 5) value = reader.bytes();
  }
  return { key, modRevision, value: value ?? Buffer.alloc(0) };
}

function readRange(reader: ProtobufReader): RangeResult {
  const items: KeyValue[] = [];
  let revision = 0;
  let count = 0;
  let more = false;
  while (reader.next()) {
    if (reader.field === 1) revision = readHeader(reader.message());
    else if (reader.field === 2) items.push(readKeyValue(reader.message()));
    else if (reader.field === 3) more = reader.boolean();
    else if (reader.field === 4) count = reader.number();
  }
  return { revision, items, more, count };
}

/** @throws RangeError for bytes that are no RangeResponse */
export function decodeRange(bytes: Buffer): RangeResult {
  return readRange(new ProtobufReader(bytes));
}

function readRangeOperation(reader: ProtobufReader): RangeResult | undefined {
  let range: RangeResult | undefined;
  while (reader.next()) if (reader.field === 1) range = readRange(reader.message());
  return range;
}

/** @throws RangeError for bytes that are no TxnResponse */
export function decodeTxn(bytes: Buffer, request: TxnRequest): TxnResult {
  const reader = new ProtobufReader(bytes);
  const ranges: (RangeResult | undefined)[] = [];
  let revision = 0;
  let succeeded = false;
  while (reader.next()) {
    if (reader.field === 1) revision = readHeader(reader.message());
    else if (reader.field === 2) succeeded = reader.boolean();
    else if (reader.field === 3) ranges.push(readRangeOperation(reader.message()));
  }
  const observed = new Map<string, KeyValue | undefined>();
  if (!succeeded)
    for (const [index, { key }] of request.compare.entries()) observed.set(key, ranges[index]?.items[0]);
  return { succeeded, revision, observed };
}
