import test from 'ava';
import { pino } from 'pino';
import type { ApiClient } from '../../api/client/index.ts';
import type { Event } from '../../crds/event/definition.ts';
import { TestClock } from '../runtime/testing/test-clock.ts';
import { StallNotice } from './stall-notice.ts';

function setUp(create: (event: Event) => Promise<unknown>) {
  const clock = new TestClock();
  const lines: { readonly msg: string; readonly error?: string }[] = [];
  const logger = pino({}, { write: (line: string) => void lines.push(JSON.parse(line)) });
  const client = { create: (_: unknown, event: Event) => create(event) } as unknown as ApiClient;
  const notice = new StallNotice({
    client,
    clock,
    logger,
    line: 'file',
    cursorName: 'holt-event-relay',
    holder: 'host_1',
  });
  return { clock, lines, notice };
}

const full = new Error('ENOSPC: no space left on device');

test('a long stall is told by an Event with its reason, once, and its end by another', async (t) => {
  const events: Event[] = [];
  const { clock, lines, notice } = setUp(async (event) => events.push(event));
  for (let second = 0; second <= 100; second += 5) {
    await notice.failed(full, 5_000);
    t.true(notice.isStalled);
    t.is(events.length, second < 30 ? 0 : 1);
    await clock.advance(5_000);
  }
  await notice.worked();
  t.false(notice.isStalled);
  t.deepEqual(
    events.map(({ type, reason, message, involvedObject }) => [type, reason, message, involvedObject.name]),
    [
      [
        'Warning',
        'EventRelayStalled',
        'line "file" is stalled, nothing is lost yet: ENOSPC: no space left on device',
        'holt-event-relay',
      ],
      ['Normal', 'EventRelayResumed', 'line "file" goes on after 105 s', 'holt-event-relay'],
    ],
  );
  t.deepEqual(
    lines.map(({ msg }) => msg.split(':')[0]),
    [
      'the sink of the event relay failed; trying again until it takes what it was given',
      'the event relay is stalled',
      'the event relay is stalled',
      'the event relay goes on',
    ],
  );
  t.is(lines[0]?.error, full.message);
});

test('a sink that comes and goes fills the log, not the stream', async (t) => {
  const events: Event[] = [];
  const { clock, lines, notice } = setUp(async (event) => events.push(event));
  for (let time = 0; time < 20; time += 1) {
    await notice.failed(full, 250);
    await clock.advance(10_000);
    await notice.worked();
  }
  t.deepEqual(events, []);
  t.is(lines.length, 40);
});

test('an Event that cannot be written is left at the log', async (t) => {
  const { clock, lines, notice } = setUp(async () => {
    throw new Error('the API is away');
  });
  await notice.failed(full, 250);
  await clock.advance(30_000);
  await notice.failed(full, 250);
  await notice.worked();
  t.is(lines.filter(({ msg }) => msg.startsWith('cannot write Event EventRelay')).length, 2);
});
