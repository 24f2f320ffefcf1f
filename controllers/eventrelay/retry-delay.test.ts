import test from 'ava';
import { sinkDelayMs } from './retry-delay.ts';
import { SinkBusy, SinkRefusal } from './sink.ts';

test('the pause doubles up to a bound, half of it random; a refusal waits for people, a busy sink says when', (t) => {
  const failed = new Error('connection refused');
  const longest = () => 1;
  const delays = [1, 2, 3, 7, 1_000].map((failures) => sinkDelayMs(failed, failures, longest));
  t.deepEqual(delays, [250, 500, 1_000, 15_000, 15_000]);
  t.is(
    sinkDelayMs(failed, 2, () => 0),
    250,
  );
  t.is(sinkDelayMs(new SinkRefusal('401'), 1, longest), 60_000);
  t.is(sinkDelayMs(new SinkRefusal('401'), 9, longest), 60_000);
  t.is(sinkDelayMs(new SinkBusy('429', 7_000), 9, longest), 7_000);
});
