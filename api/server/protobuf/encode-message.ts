import protobuf from 'protobufjs/minimal.js';
import { isRecord, type JsonRecord } from '../../../crds/generate/json-record.ts';
import { isBase64 } from '../schema/base64.ts';
import { lookUpMessage, type MessageField, type MessageRegistry, type ScalarKind } from './message-types.ts';
import { ProtobufError } from './protobuf-error.ts';
import { messageOfJson } from './schema-unions.ts';
import { parseTimestamp, type Timestamp, truncateToMicros } from './timestamp.ts';
import { WIRE } from './wire-reader.ts';

/**
 * A JSON object as the message that stands for it. Fields that the message does not have are left out: they have no
 * protobuf form upstream either. Null is absence.
 * @throws ProtobufError for a value of the wrong type; names the field
 */
export function encodeMessage(object: JsonRecord, message: string, registry: MessageRegistry): Uint8Array {
  const target = { writer: protobuf.Writer.create(), registry };
  for (const field of lookUpMessage(registry, message).byNumber.values()) {
    const value = object[field.name];
    if (value !== undefined && value !== null) writeField(target, field, value);
  }
  return target.writer.finish();
}

/** What is written to, and where nested messages are looked up. */
interface Target {
  readonly writer: protobuf.Writer;
  readonly registry: MessageRegistry;
}

function writeField(target: Target, field: MessageField, value: unknown): void {
  switch (field.shape) {
    case 'single':
      writeValue(target, field, field.number, value);
      return;
    case 'repeated':
      if (!Array.isArray(value)) throw wrongType(field, 'a list', value);
      for (const element of value) writeValue(target, field, field.number, element);
      return;
    case 'map':
      if (!isRecord(value)) throw wrongType(field, 'an object', value);
      for (const [key, entryValue] of Object.entries(value)) {
        const entry = protobuf.Writer.create().uint32(tag(1, WIRE.bytes)).string(key);
        writeValue({ ...target, writer: entry }, field, 2, entryValue);
        target.writer.uint32(tag(field.number, WIRE.bytes)).bytes(entry.finish());
      }
  }
}

function writeValue({ writer, registry }: Target, field: MessageField, number: number, value: unknown): void {
  const { kind } = field;
  if (typeof kind === 'object') {
    const message = messageOfJson(kind.message, value);
    if (!isRecord(message)) throw wrongType(field, `a ${kind.message}`, value);
    writer.uint32(tag(number, WIRE.bytes)).bytes(encodeMessage(message, kind.message, registry));
    return;
  }
  switch (kind) {
    case 'int32':
    case 'int64':
      if (!Number.isInteger(value)) throw wrongType(field, 'a whole number', value);
      writer.uint32(tag(number, WIRE.varint)).int64(Number(value));
      return;
    case 'double':
      if (typeof value !== 'number') throw wrongType(field, 'a number', value);
      writer.uint32(tag(number, WIRE.fixed64)).double(value);
      return;
    case 'bool':
      if (typeof value !== 'boolean') throw wrongType(field, 'true or false', value);
      writer.uint32(tag(number, WIRE.varint)).bool(value);
      return;
    case 'bytes':
      writer.uint32(tag(number, WIRE.bytes)).bytes(decodeBase64(field, value));
      return;
    case 'string':
      writer.uint32(tag(number, WIRE.bytes)).string(expectString(field, value));
      return;
    default:
      writer.uint32(tag(number, WIRE.bytes)).bytes(wrapped(field, kind, value));
  }
}

/** The message of a kind that JSON writes without one. */
function wrapped(field: MessageField, kind: ScalarKind, value: unknown): Uint8Array {
  const writer = protobuf.Writer.create();
  switch (kind) {
    case 'quantity':
      return writer
        .uint32(tag(1, WIRE.bytes))
        .string(typeof value === 'number' ? String(value) : expectString(field, value))
        .finish();
    case 'stringList':
      if (!Array.isArray(value)) throw wrongType(field, 'a list', value);
      for (const element of value) writer.uint32(tag(1, WIRE.bytes)).string(expectString(field, element));
      return writer.finish();
    case 'rawJson':
      return writer.uint32(tag(1, WIRE.bytes)).string(JSON.stringify(value)).finish();
    case 'intOrString':
      return intOrString(field, value);
    case 'time':
      return timestamp({ ...parseTimestamp(expectString(field, value)), nanos: 0 });
    case 'microTime':
      return timestamp(truncateToMicros(parseTimestamp(expectString(field, value))));
    default:
      throw new ProtobufError(`${field.name}: a ${kind} has no message`);
  }
}

/** Both numbers are written even where they are zero: an empty message would be the zero time of Go. */
function timestamp({ seconds, nanos }: Timestamp): Uint8Array {
  const writer = protobuf.Writer.create();
  return writer.uint32(tag(1, WIRE.varint)).int64(seconds).uint32(tag(2, WIRE.varint)).int32(nanos).finish();
}

function intOrString(field: MessageField, value: unknown): Uint8Array {
  const writer = protobuf.Writer.create().uint32(tag(1, WIRE.varint));
  if (Number.isInteger(value))
    return writer.int64(0).uint32(tag(2, WIRE.varint)).int32(Number(value)).finish();
  return writer.int64(1).uint32(tag(3, WIRE.bytes)).string(expectString(field, value)).finish();
}

function decodeBase64(field: MessageField, value: unknown): Uint8Array {
  const text = expectString(field, value);
  if (!isBase64(text)) throw wrongType(field, 'base64', value);
  return Buffer.from(text, 'base64');
}

function tag(number: number, wire: number): number {
  return ((number << 3) | wire) >>> 0;
}

function expectString(field: MessageField, value: unknown): string {
  if (typeof value !== 'string') throw wrongType(field, 'a string', value);
  return value;
}

function wrongType(field: MessageField, expected: string, value: unknown): ProtobufError {
  return new ProtobufError(`${field.name}: expected ${expected}, received ${JSON.stringify(value)}`);
}
