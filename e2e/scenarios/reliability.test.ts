import test from 'ava';
import { runDrill } from '../reliability/drill.ts';

test('a host under faults at random comes to rest as declared: short form of drill:reliability', async (t) => {
  const stop = new AbortController();
  t.teardown(() => stop.abort());
  const result = await runDrill({
    seed: 7,
    vms: 1,
    durationMs: 60_000,
    faultsMax: 3,
    quietMs: 3_000,
    say: (line) => t.log(line),
    signal: stop.signal,
  });
  t.deepEqual(result.violations, []);
  t.true([...result.counts.values()].reduce((sum, count) => sum + count, 0) === 3);
});
