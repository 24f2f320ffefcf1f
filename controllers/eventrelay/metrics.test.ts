import test from 'ava';
import { Drive } from './testing/drive.ts';

async function metricOf(drive: Drive, name: string): Promise<number> {
  const text = await drive.registry.metrics();
  const line = text.split('\n').find((each) => each.startsWith(`holt_event_relay_${name}{line="file"`));
  return Number(line?.split(' ').at(-1) ?? Number.NaN);
}

test('lag and stall are measured while the disk takes nothing, and are gone when it does', async (t) => {
  const drive = new Drive();
  drive.start();
  await drive.settle();
  t.is(await metricOf(drive, 'lag_seconds'), 0);
  t.is(await metricOf(drive, 'lag_revisions'), 0);
  drive.disk.capacityBytes = 0;
  drive.api.commit('a', 'b');
  drive.api.commit('c');
  await drive.clock.advance(20_000);
  t.is(await metricOf(drive, 'stalled'), 1);
  t.true((await metricOf(drive, 'lag_seconds')) >= 18);
  t.true((await metricOf(drive, 'lag_revisions')) >= 2);
  t.true((await metricOf(drive, 'retries_total')) >= 3);
  drive.disk.capacityBytes = Number.POSITIVE_INFINITY;
  await drive.settle();
  t.is(await metricOf(drive, 'stalled'), 0);
  t.is(await metricOf(drive, 'lag_seconds'), 0);
  t.is(await metricOf(drive, 'lag_revisions'), 0);
  t.is(await metricOf(drive, 'relayed_total'), 4, 'three Events, and the record of the start');
});
