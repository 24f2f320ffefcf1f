import test from 'ava';
import fc from 'fast-check';
import protobuf from 'protobufjs/minimal.js';
import { ProtobufReader } from './protobuf-reader.ts';
import { ProtobufWriter } from './protobuf-writer.ts';

/** A message's fields; a list is a message in it. */
type Field = { readonly number: number; readonly value: number | string | Buffer | readonly Field[] };

const fieldArbitrary = fc.letrec<{ field: Field }>((tie) => ({
  field: fc.record({
    number: fc.integer({ min: 1, max: 3_000 }),
    value: fc.oneof(
      { depthSize: 'small' },
      fc.nat({ max: Number.MAX_SAFE_INTEGER }),
      fc.string({ maxLength: 200 }),
      fc.uint8Array({ maxLength: 300 }).map((bytes) => Buffer.from(bytes)),
      fc.array(tie('field'), { maxLength: 6 }),
    ),
  }),
})).field;

function write(writer: ProtobufWriter, fields: readonly Field[]): void {
  for (const { number, value } of fields) {
    if (typeof value === 'number') writer.number(number, value);
    else if (typeof value === 'string' || Buffer.isBuffer(value)) writer.bytesField(number, value);
    else writer.message(number, (inner) => write(inner, value));
  }
}

function encodeByLibrary(fields: readonly Field[]): Buffer {
  const writer = protobuf.Writer.create();
  for (const { number, value } of fields) {
    if (typeof value === 'number') writer.uint32(number * 8).uint64(value);
    else if (typeof value === 'string') writer.uint32(number * 8 + 2).string(value);
    else writer.uint32(number * 8 + 2).bytes(Buffer.isBuffer(value) ? value : encodeByLibrary(value));
  }
  return Buffer.from(writer.finish());
}

test('what is written is what the protobuf library writes, and is read back', (t) => {
  fc.assert(
    fc.property(fc.array(fieldArbitrary, { maxLength: 8 }), (fields) => {
      const writer = new ProtobufWriter(5, 1);
      write(writer, fields);
      t.deepEqual(writer.bytes.subarray(5), encodeByLibrary(fields));
      const reader = new ProtobufReader(writer.bytes, 5);
      for (const { number, value } of fields) {
        t.true(reader.next());
        t.is(reader.field, number);
        if (typeof value === 'number') t.is(reader.number(), value);
        else if (typeof value === 'string') t.is(reader.text(), value);
        else if (Buffer.isBuffer(value)) t.deepEqual(reader.bytes(), value);
        // Else it is passed over whole.
      }
      t.false(reader.next());
    }),
  );
});

test('negative numbers, fixed sizes that nobody reads, and a message in a message', (t) => {
  const bytes = protobuf.Writer.create()
    .uint32(8)
    .int64(-1)
    .uint32(17)
    .fixed64(7)
    .uint32(29)
    .fixed32(7)
    .uint32(34)
    .bytes(Buffer.from([8, 3]))
    .finish();
  const reader = new ProtobufReader(Buffer.from(bytes));
  reader.next();
  t.is(reader.number(), -1);
  t.true(reader.next() && reader.next() && reader.next());
  const inner = reader.message();
  t.true(inner.next());
  t.is(inner.number(), 3);
  t.false(inner.next());
});

test('bytes that are no message are an error, never an endless walk', (t) => {
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 60 }), (bytes) => {
      const reader = new ProtobufReader(Buffer.from(bytes));
      try {
        for (let count = 0; reader.next(); count += 1) t.true(count <= bytes.length);
      } catch (error) {
        t.true(error instanceof RangeError, String(error));
      }
    }),
  );
});
