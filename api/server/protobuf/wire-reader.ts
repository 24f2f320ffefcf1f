import protobuf from 'protobufjs/minimal.js';
import { ProtobufError } from './protobuf-error.ts';

/** Wire types of protobuf that are still in use. Groups (3 and 4) are not: nothing that Holt reads has them. */
export const WIRE = { varint: 0, fixed64: 1, bytes: 2, fixed32: 5 } as const;

/** A field as it stands on the wire, not yet understood. */
export type WireField =
  | { readonly number: number; readonly wire: 'varint'; readonly value: number }
  | { readonly number: number; readonly wire: 'bytes'; readonly value: Uint8Array }
  | { readonly number: number; readonly wire: 'double'; readonly value: number }
  | { readonly number: number; readonly wire: 'fixed32' };

/**
 * The fields of one message in wire order. Varints are read as signed 64-bit numbers, eight fixed bytes as a double.
 * @throws ProtobufError where the bytes end too early or are no protobuf
 */
export function readFields(bytes: Uint8Array): WireField[] {
  const reader = protobuf.Reader.create(bytes);
  const fields: WireField[] = [];
  try {
    while (reader.pos < reader.len) fields.push(readField(reader));
  } catch (error) {
    if (error instanceof ProtobufError) throw error;
    throw new ProtobufError(`malformed protobuf at byte ${reader.pos} of ${reader.len}`, { cause: error });
  }
  return fields;
}

function readField(reader: protobuf.Reader): WireField {
  const tag = reader.uint32();
  const number = tag >>> 3;
  if (number === 0) throw new ProtobufError('malformed protobuf: field number 0');
  switch (tag & 7) {
    case WIRE.varint:
      return { number, wire: 'varint', value: Number(reader.int64().toString()) };
    case WIRE.bytes:
      return { number, wire: 'bytes', value: reader.bytes() };
    case WIRE.fixed64:
      return { number, wire: 'double', value: reader.double() };
    case WIRE.fixed32:
      reader.skip(4);
      return { number, wire: 'fixed32' };
    default:
      throw new ProtobufError(`malformed protobuf: wire type ${tag & 7}`);
  }
}

/** The number of a varint field. @throws ProtobufError for another wire type */
export function varintOf(field: WireField): number {
  if (field.wire !== 'varint')
    throw new ProtobufError(`field ${field.number}: expected a number, received ${field.wire}`);
  return field.value;
}

/** The number of a double field. @throws ProtobufError for another wire type */
export function doubleOf(field: WireField): number {
  if (field.wire !== 'double')
    throw new ProtobufError(`field ${field.number}: expected a double, received ${field.wire}`);
  return field.value;
}

/** The content of a length-delimited field. @throws ProtobufError for another wire type */
export function bytesOf(field: WireField): Uint8Array {
  if (field.wire !== 'bytes')
    throw new ProtobufError(`field ${field.number}: expected bytes, received ${field.wire}`);
  return field.value;
}

const utf8 = new TextDecoder('utf-8', { fatal: true });

/** The text of a string field. @throws ProtobufError where it is not UTF-8 */
export function stringOf(field: WireField): string {
  try {
    return utf8.decode(bytesOf(field));
  } catch (error) {
    if (error instanceof ProtobufError) throw error;
    throw new ProtobufError(`field ${field.number}: not UTF-8`, { cause: error });
  }
}
