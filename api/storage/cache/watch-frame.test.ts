import test from 'ava';
import { chunkOf, WatchFrame } from './watch-frame.ts';

const [one, two, three] = ['one', 'two', 'three'].map((text) => new WatchFrame(Buffer.from(text)));

test('a chunk is made once for the watchers that want the same frames, and for others anew', (t) => {
  if (one === undefined || two === undefined || three === undefined) return t.fail();
  const chunk = chunkOf([one, two]);
  t.is(chunk.toString(), '6\r\nonetwo\r\n');
  t.is(chunkOf([one, two]), chunk);
  t.is(chunkOf([one, three]).toString(), '8\r\nonethree\r\n');
  t.is(chunkOf([one, two, three]).toString(), 'b\r\nonetwothree\r\n');
  t.is(chunkOf([one]), one.chunk);
  t.is(chunkOf([one, two]).toString(), '6\r\nonetwo\r\n');
});
