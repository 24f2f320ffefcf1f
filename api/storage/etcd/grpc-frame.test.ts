import test from 'ava';
import fc from 'fast-check';
import { frameMessage, GRPC_HEAD_BYTES, GrpcFrameParser } from './grpc-frame.ts';

const framed = (content: Uint8Array) => frameMessage(Buffer.concat([Buffer.alloc(GRPC_HEAD_BYTES), content]));

test('messages come out whole and in order, however the bytes come in', (t) => {
  fc.assert(
    fc.property(
      fc.array(fc.uint8Array({ maxLength: 40 }), { maxLength: 8 }),
      fc.array(fc.integer({ min: 1, max: 30 }), { minLength: 1, maxLength: 20 }),
      (contents, sizes) => {
        const bytes = Buffer.concat(contents.map(framed));
        const parser = new GrpcFrameParser();
        const messages: Buffer[] = [];
        for (let at = 0, turn = 0; at < bytes.length; turn += 1) {
          const size = sizes[turn % sizes.length] ?? 1;
          messages.push(...parser.add(bytes.subarray(at, at + size)));
          at += size;
        }
        t.deepEqual(
          messages,
          contents.map((content) => Buffer.from(content)),
        );
      },
    ),
  );
});

test('a compressed message is refused', (t) => {
  t.throws(() => new GrpcFrameParser().add(Buffer.from([1, 0, 0, 0, 0])), { instanceOf: RangeError });
});
