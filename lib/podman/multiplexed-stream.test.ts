import test from 'ava';
import fc from 'fast-check';
import { demultiplex, type OutputChunk } from './multiplexed-stream.ts';

const frame = (type: number, text: string): Buffer => {
  const data = Buffer.from(text);
  const header = Buffer.alloc(8);
  header.writeUInt8(type, 0);
  header.writeUInt32BE(data.length, 4);
  return Buffer.concat([header, data]);
};

async function* inPieces(bytes: Buffer, sizes: readonly number[]): AsyncGenerator<Buffer> {
  let offset = 0;
  for (let index = 0; offset < bytes.length; index += 1) {
    const size = sizes[index % sizes.length] ?? 1;
    yield bytes.subarray(offset, offset + size);
    offset += size;
  }
}

async function collect(bytes: Buffer, sizes: readonly number[] = [bytes.length]): Promise<OutputChunk[]> {
  const chunks: OutputChunk[] = [];
  for await (const chunk of demultiplex(inPieces(bytes, sizes))) chunks.push(chunk);
  return chunks;
}

test('frames come out with their stream', async (t) => {
  // As podman 4.3.1 wrote it for `echo hi; echo err >&2`.
  const recorded = Buffer.from('010000000000000368690a02000000000000046572720a', 'hex');
  const chunks = await collect(recorded);
  t.deepEqual(
    chunks.map(({ stream, data }) => [stream, data.toString()]),
    [
      ['stdout', 'hi\n'],
      ['stderr', 'err\n'],
    ],
  );
});

test('property: however the bytes are cut, the same frames come out', async (t) => {
  const frames = fc.array(fc.tuple(fc.constantFrom(1, 2), fc.string({ minLength: 1, maxLength: 50 })), {
    minLength: 1,
  });
  const sizes = fc.array(fc.integer({ min: 1, max: 20 }), { minLength: 1 });
  await fc.assert(
    fc.asyncProperty(frames, sizes, async (input, cuts) => {
      const bytes = Buffer.concat(input.map(([type, text]) => frame(type, text)));
      const chunks = await collect(bytes, cuts);
      t.deepEqual(
        chunks.map(({ stream, data }) => [stream === 'stderr' ? 2 : 1, data.toString()]),
        input,
      );
    }),
  );
});

test('the service’s own error, another protocol and a cut frame are errors', async (t) => {
  await t.throwsAsync(collect(frame(3, 'no such container')), { message: /no such container/ });
  await t.throwsAsync(collect(Buffer.from('HTTP/1.1 200 OK')), { message: /not an output frame/ });
  await t.throwsAsync(collect(frame(1, 'hello').subarray(0, 10)), { message: /ended within a frame/ });
});
