import test from 'ava';
import { pino } from 'pino';
import type { LifecycleEvent } from '../../../crds/meta/status-commit.ts';
import { TestClock } from '../../runtime/testing/test-clock.ts';
import { retireDataVolume } from '../data-volume.ts';
import { tryEveryCrashPoint } from '../testing/crash-points.ts';
import { VolumeBed } from '../testing/volume-bed.ts';
import type { RetainedVolume } from './inventory.ts';
import { EXPIRED_FOR_MS, RetentionRounds } from './retention-round.ts';

const owner = { namespace: 'team-1', name: 'alice-vm', user: 'alice' };
const HOUR_MS = 3_600_000;

async function retained(t: Parameters<typeof VolumeBed.make>[0], retentionMs = HOUR_MS) {
  const bed = await VolumeBed.make(t);
  const clock = new TestClock();
  const events: LifecycleEvent[] = [];
  let published: readonly RetainedVolume[] = [];
  const rounds = new RetentionRounds({
    ...{ files: bed.files, paths: bed.paths, clock, logger: pino({ level: 'silent' }) },
    report: async (more) => void events.push(...more),
    publish: async (volumes) => {
      published = volumes;
    },
  });
  await rounds.run();
  await bed.put(bed.paths.live('uid-1').raw, 'precious');
  await retireDataVolume(bed, 'uid-1', { owner, retentionMs, nowMs: clock.nowMs() });
  return { bed, clock, rounds, events, published: () => published };
}

test('a deleted volume is set aside, told, and purged when its time has been over for a while', async (t) => {
  const { bed, clock, rounds, events, published } = await retained(t);
  const { raw } = bed.paths.retained('uid-1');
  t.is(await bed.files.sizeOf(bed.paths.live('uid-1').raw), undefined);
  await rounds.run();
  await rounds.run();
  t.like(published()[0], { record: { ...owner, id: 'uid-1', cause: 'UserVmDeleted' }, sizeBytes: 8 });
  t.deepEqual(
    events.map(({ reason }) => reason),
    ['VolumeRetained'],
  );
  t.regex(events[0]?.message ?? '', /team-1\/alice-vm \(user alice\).* as uid-1$/);
  await clock.advance(HOUR_MS - 1);
  t.is((await rounds.run()).purgedCount, 0);
  await clock.advance(1);
  t.is((await rounds.run()).purgedCount, 0, 'seen expired, and not for long enough');
  t.is(await bed.files.sizeOf(raw), 8);
  await clock.advance(EXPIRED_FOR_MS);
  t.is((await rounds.run()).purgedCount, 1);
  t.deepEqual(await bed.tree(), {});
  t.deepEqual(published(), []);
  t.is(events.at(-1)?.reason, 'RetainedVolumePurged');
});

test('a wall clock that jumps ahead and is put right costs nobody their data', async (t) => {
  const { bed, clock, rounds } = await retained(t);
  const wall = clock.nowMs.bind(clock);
  clock.nowMs = () => wall() + 10 * HOUR_MS;
  await rounds.run();
  clock.nowMs = wall;
  await clock.advance(EXPIRED_FOR_MS);
  await rounds.run();
  clock.nowMs = () => wall() + 10 * HOUR_MS;
  t.is((await rounds.run()).purgedCount, 0, 'the time is counted anew');
  t.is(await bed.files.sizeOf(bed.paths.retained('uid-1').raw), 8);
});

test('without a retention time a volume goes at once', async (t) => {
  const { bed } = await retained(t, 0);
  t.deepEqual(await bed.tree(), {});
});

test('what is no record of ours, and a volume without one, is left alone', async (t) => {
  const { bed, clock, rounds } = await retained(t);
  const { raw, record } = bed.paths.retained('by-hand');
  await bed.put(raw, 'kept');
  await bed.put(record, 'no JSON');
  await clock.advance(HOUR_MS + EXPIRED_FOR_MS);
  await rounds.run();
  await clock.advance(EXPIRED_FOR_MS);
  t.is((await rounds.run()).purgedCount, 1);
  t.is(await bed.files.sizeOf(raw), 4);
});

test('set aside with a fault at every effect: never lost on the way', async (t) => {
  const end = await tryEveryCrashPoint(t, {
    prepare: (bed) => bed.put(bed.paths.live('uid-1').raw, 'precious'),
    work: (bed) => retireDataVolume(bed, 'uid-1', { owner, retentionMs: HOUR_MS, nowMs: 0 }),
    invariant: async (bed, what) => {
      t.true(Object.values(await bed.tree()).includes('precious'), what);
    },
  });
  t.is(end['retained/uid-1.raw'], 'precious');
  t.is(JSON.parse(end['retained/uid-1.json'] ?? '{}').until, '1970-01-01T01:00:00.000Z');
});
