import test from 'ava';
import { causeChain, StallingError, WaitingError } from './errors.ts';

test('the chain of causes reads from what was attempted to what was received', (t) => {
  const error = new Error('start VMM', { cause: new Error('spawn', { cause: 'no such file' }) });
  t.is(causeChain(error), 'start VMM: spawn: no such file');
});

test('a cause whose words are already there is not said twice', (t) => {
  t.is(causeChain(new Error('GET /x: refused', { cause: new Error('refused') })), 'GET /x: refused');
});

test('classes carry reason, time and cause', (t) => {
  const cause = new Error('disk full');
  const stalling = new StallingError('volume', { reason: 'DiskFull', cause });
  t.is(stalling.reason, 'DiskFull');
  t.is(stalling.retryAfterMs, 300_000);
  t.is(causeChain(stalling), 'volume: disk full');
  t.is(new WaitingError('boots', { reason: 'Booting' }).requeueAfterMs, 5_000);
});
