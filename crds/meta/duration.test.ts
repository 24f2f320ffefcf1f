import test from 'ava';
import { durationText, parseDurationMs } from './duration.ts';

test('hours, minutes and seconds add up', (t) => {
  t.is(parseDurationMs('24h'), 86_400_000);
  t.is(parseDurationMs('1h30m5s'), 5_405_000);
  t.is(parseDurationMs('0s'), 0);
});

test('what is no duration is refused', (t) => {
  for (const text of ['', '5', 'h', '-1h', '1.5h', '1d', '10ms', '1h 2m', `${'9'.repeat(7)}h`]) {
    t.false(durationText.safeParse(text).success, text);
    t.throws(() => parseDurationMs(text), { instanceOf: RangeError }, text);
  }
});
