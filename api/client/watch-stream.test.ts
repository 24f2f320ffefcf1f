import test from 'ava';
import fc from 'fast-check';
import { type ParsedWatchEvent, parseWatchStream } from './watch-stream.ts';

async function* from(chunks: Uint8Array[]): AsyncGenerator<Uint8Array> {
  yield* chunks;
}

async function collect(chunks: Uint8Array[]): Promise<ParsedWatchEvent[]> {
  const events: ParsedWatchEvent[] = [];
  for await (const event of parseWatchStream(from(chunks))) events.push(event);
  return events;
}

test('events arrive whole however the bytes are cut, in the middle of a letter too', async (t) => {
  const event = fc.record({
    type: fc.constantFrom('ADDED', 'MODIFIED', 'DELETED'),
    object: fc.record({ kind: fc.string({ unit: 'grapheme' }) }),
  });
  await fc.assert(
    fc.asyncProperty(
      fc.array(event, { maxLength: 8 }),
      fc.array(fc.nat(400), { maxLength: 10 }),
      async (events, cuts) => {
        const bytes = new TextEncoder().encode(events.map((each) => `${JSON.stringify(each)}\n`).join(''));
        const ends = [...new Set([0, ...cuts.filter((cut) => cut < bytes.length), bytes.length])].sort(
          (a, b) => a - b,
        );
        const chunks = ends.slice(1).map((end, index) => bytes.subarray(ends[index], end));
        t.deepEqual(await collect(chunks), events as ParsedWatchEvent[]);
      },
    ),
  );
});

test('a last line without its end is dropped: the stream was cut in it', async (t) => {
  const text = '{"type":"ADDED","object":{"kind":"Node"}}\n{"type":"MODIFIED","obj';
  t.is((await collect([new TextEncoder().encode(text)])).length, 1);
});

test('what is no event says so', async (t) => {
  await t.throwsAsync(collect([new TextEncoder().encode('<html>\n')]), {
    message: 'not a watch event: <html>',
  });
  await t.throwsAsync(collect([new TextEncoder().encode('{"type":"ODD","object":{}}\n')]), {
    message: /not a watch event/,
  });
});
