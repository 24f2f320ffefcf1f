import test from 'ava';
import fc from 'fast-check';
import { VmmEventParser } from './event-parser.ts';

const event = (name: string, properties: Record<string, string> | null = null) => ({
  timestamp: { secs: 1, nanos: 5 },
  source: 'vm',
  event: name,
  properties,
});
const text = (value: unknown) => `${JSON.stringify(value, null, 2)}\n\n`;

test('events as the VMM writes them', (t) => {
  const parser = new VmmEventParser();
  const events = [event('booting'), event('device', { path: '/a "quoted" {brace} \\' }), event('booted')];
  t.deepEqual(parser.push(events.map(text).join('')), events);
});

test('any cut of the stream gives the same events', (t) => {
  const events = [event('a', { k: '}{"\\' }), event('b'), event('c', {})];
  const whole = events.map(text).join('');
  fc.assert(
    fc.property(fc.array(fc.nat(whole.length), { maxLength: 8 }), (cuts) => {
      const parser = new VmmEventParser();
      const points = [0, ...cuts.sort((a, b) => a - b), whole.length];
      const seen = points.slice(1).flatMap((end, index) => parser.push(whole.slice(points[index], end)));
      t.deepEqual(seen, events);
    }),
  );
});

test('an object that is no event is counted, and the next one is read', (t) => {
  const parser = new VmmEventParser();
  t.deepEqual(parser.push(`{"a":1}\n{not json}\n${text(event('booted'))}`), [event('booted')]);
  t.is(parser.unreadableCount, 2);
});

test('an object without an end does not grow for ever', (t) => {
  const parser = new VmmEventParser();
  t.deepEqual(parser.push(`{"a":"${'x'.repeat(1024 * 1024)}`), []);
  t.deepEqual(parser.push(text(event('booted'))), [event('booted')]);
});
