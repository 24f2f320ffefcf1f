import { isRecord, type JsonRecord } from '../../../crds/generate/json-record.ts';
import { lookUpMessage, type MessageField, type MessageRegistry, type ScalarKind } from './message-types.ts';
import { ProtobufError } from './protobuf-error.ts';
import { jsonOfMessage } from './schema-unions.ts';
import { formatMicroTime, formatTime, type Timestamp } from './timestamp.ts';
import { bytesOf, doubleOf, readFields, stringOf, varintOf, type WireField } from './wire-reader.ts';

/**
 * A message as the JSON object that stands for it. Zero values of fields that are no pointers in Go are left out, as
 * `omitempty` does. Fields that the message does not have are skipped.
 * @throws ProtobufError for malformed bytes
 */
export function decodeMessage(bytes: Uint8Array, message: string, registry: MessageRegistry): JsonRecord {
  const type = lookUpMessage(registry, message);
  const result: JsonRecord = {};
  for (const wireField of readFields(bytes)) {
    const field = type.byNumber.get(wireField.number);
    if (field !== undefined) applyField(result, field, wireField, registry);
  }
  return result;
}

function applyField(
  result: JsonRecord,
  field: MessageField,
  wireField: WireField,
  registry: MessageRegistry,
): void {
  switch (field.shape) {
    case 'map': {
      const [key, value] = decodeEntry(bytesOf(wireField), field, registry);
      const map = existing(result, field.name, isRecord) ?? {};
      result[field.name] = map;
      Object.defineProperty(map, key, { value, enumerable: true, configurable: true, writable: true });
      return;
    }
    case 'repeated': {
      const list = existing(result, field.name, Array.isArray) ?? [];
      list.push(decodeValue(wireField, field.kind, registry));
      result[field.name] = list;
      return;
    }
    case 'single': {
      const value = decodeValue(wireField, field.kind, registry);
      if (value === undefined || (isZero(value) && isDroppedWhenZero(field))) return;
      result[field.name] = value;
    }
  }
}

/** What earlier entries of the same field made. */
function existing<T>(result: JsonRecord, name: string, is: (value: unknown) => value is T): T | undefined {
  const value = result[name];
  return is(value) ? value : undefined;
}

/** A zero that stands for absence: not one that a JSON value or a union has. */
function isDroppedWhenZero({ kind, keepsZero }: MessageField): boolean {
  return !keepsZero && typeof kind !== 'object' && kind !== 'rawJson';
}

function isZero(value: unknown): boolean {
  return value === '' || value === 0 || value === false;
}

/** A map's entry: a message of key (1) and value (2). An absent value is the kind's zero. */
function decodeEntry(bytes: Uint8Array, field: MessageField, registry: MessageRegistry): [string, unknown] {
  let key = '';
  let value: unknown = field.kind === 'stringList' ? [] : typeof field.kind === 'object' ? {} : '';
  for (const wireField of readFields(bytes)) {
    if (wireField.number === 1) key = stringOf(wireField);
    if (wireField.number === 2) value = decodeValue(wireField, field.kind, registry);
  }
  return [key, value];
}

function decodeValue(field: WireField, kind: MessageField['kind'], registry: MessageRegistry): unknown {
  if (typeof kind === 'object') {
    return jsonOfMessage(kind.message, decodeMessage(bytesOf(field), kind.message, registry));
  }
  return decodeScalar(field, kind);
}

function decodeScalar(field: WireField, kind: ScalarKind): unknown {
  switch (kind) {
    case 'string':
      return stringOf(field);
    case 'int32':
      return varintOf(field) | 0;
    case 'int64':
      return varintOf(field);
    case 'double':
      return doubleOf(field);
    case 'bool':
      return varintOf(field) !== 0;
    case 'bytes':
      return Buffer.from(bytesOf(field)).toString('base64');
    case 'quantity':
      return readFields(bytesOf(field)).map(stringOf).at(-1) ?? '0';
    case 'stringList':
      return readFields(bytesOf(field)).map(stringOf);
    case 'rawJson':
      return decodeRawJson(field);
    case 'intOrString':
      return decodeIntOrString(bytesOf(field));
    case 'time':
    case 'microTime': {
      const timestamp = decodeTimestamp(bytesOf(field));
      if (timestamp === undefined) return undefined;
      return kind === 'time' ? formatTime(timestamp) : formatMicroTime(timestamp);
    }
  }
}

/** An empty message is the zero time of Go: not set. */
function decodeTimestamp(bytes: Uint8Array): Timestamp | undefined {
  if (bytes.length === 0) return undefined;
  let seconds = 0;
  let nanos = 0;
  for (const field of readFields(bytes)) {
    if (field.number === 1) seconds = varintOf(field);
    if (field.number === 2) nanos = varintOf(field);
  }
  return { seconds, nanos };
}

function decodeRawJson(field: WireField): unknown {
  const [raw] = readFields(bytesOf(field));
  if (raw === undefined) return undefined;
  try {
    return JSON.parse(stringOf(raw));
  } catch (error) {
    if (error instanceof ProtobufError) throw error;
    throw new ProtobufError(`field ${field.number}: not JSON`, { cause: error });
  }
}

/** type (1): 0 number, 1 string; number (2); string (3). */
function decodeIntOrString(bytes: Uint8Array): number | string {
  let isString = false;
  let number = 0;
  let text = '';
  for (const field of readFields(bytes)) {
    if (field.number === 1) isString = varintOf(field) === 1;
    if (field.number === 2) number = varintOf(field) | 0;
    if (field.number === 3) text = stringOf(field);
  }
  return isString ? text : number;
}
