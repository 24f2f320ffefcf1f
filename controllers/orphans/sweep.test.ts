import test from 'ava';
import fc from 'fast-check';
import { pino } from 'pino';
import type { LifecycleEvent } from '../../crds/meta/status-commit.ts';
import type { OrphanEffects } from './effects.ts';
import { type HostInventory, type LiveVms, planOrphans } from './plan.ts';
import { sweepOrphans } from './sweep.ts';

const shortId = fc.constantFrom('aaaaaaaaaaaa', 'bbbbbbbbbbbb', 'cccccccccccc');
const some = <T>(map: (id: string) => T) => fc.array(shortId.map(map), { maxLength: 3 });

const inventories: fc.Arbitrary<HostInventory> = fc.record({
  vmms: some((id) => ({ shortId: id, process: { pid: 1, startTicks: 1 } })),
  taps: some((id) => ({ shortId: id, tap: `ht-${id}` })),
  firewallEntries: some((id) => ({ shortId: id, tap: `ht-${id}` })),
  runDirectories: some((id) => ({ shortId: id, path: `/vm/${id}` })),
  volumes: some((id) => ({ uid: id, path: `/volumes/${id}.raw` })),
});

const lives: fc.Arbitrary<LiveVms> = fc
  .subarray(['aaaaaaaaaaaa', 'bbbbbbbbbbbb', 'cccccccccccc'])
  .map((ids) => ({ shortIds: new Set(ids), uids: new Set(ids) }));

test('nothing of a live VM is ever removed, and everything else is, run directories last', (t) => {
  fc.assert(
    fc.property(inventories, lives, (inventory, live) => {
      const plan = planOrphans(inventory, live);
      const isLive = (text: string) => [...live.shortIds].some((id) => text.includes(id));
      const running = new Set(inventory.vmms.map((vmm) => vmm.shortId));
      return (
        plan.processes.every((vmm) => !live.shortIds.has(vmm.shortId)) &&
        [...plan.taps, ...plan.runDirectories, ...plan.unknownVolumes].every((name) => !isLive(name)) &&
        inventory.taps.every(({ tap }) => isLive(tap) || plan.taps.includes(tap)) &&
        inventory.runDirectories.every(
          (run) => isLive(run.path) || running.has(run.shortId) || plan.runDirectories.includes(run.path),
        )
      );
    }),
  );
  t.pass();
});

class FakeOrphanHost implements OrphanEffects {
  readonly removed: string[] = [];

  inventory = async (): Promise<HostInventory> => ({
    vmms: [{ shortId: 'aaaaaaaaaaaa', process: { pid: 7, startTicks: 70 } }],
    taps: [{ shortId: 'aaaaaaaaaaaa', tap: 'ht-aaaaaaaaaaaa' }],
    firewallEntries: [],
    runDirectories: [{ shortId: 'bbbbbbbbbbbb', path: '/vm/bbbbbbbbbbbb' }],
    volumes: [{ uid: 'u', path: '/volumes/u.raw' }],
  });

  killVmm = async ({ pid }: { pid: number }) => void this.removed.push(`pid ${pid}`);
  removeTap = async (tap: string) => void this.removed.push(tap);
  removeRunDirectory = async (path: string) => void this.removed.push(path);
}

const NONE: LiveVms = { shortIds: new Set(), uids: new Set() };
const ALL: LiveVms = { shortIds: new Set(['aaaaaaaaaaaa', 'bbbbbbbbbbbb']), uids: new Set(['u']) };

function sweepWith(options: { cached: LiveVms | undefined; current: () => Promise<LiveVms> }) {
  const effects = new FakeOrphanHost();
  const events: LifecycleEvent[] = [];
  const result = sweepOrphans({
    effects,
    cachedVms: () => options.cached,
    currentVms: options.current,
    report: async (told) => void events.push(...told),
    logger: pino({ level: 'silent' }),
  });
  return { effects, events, result };
}

test('orphans are removed and told; volumes are only counted', async (t) => {
  const { effects, events, result } = sweepWith({ cached: NONE, current: async () => NONE });
  t.deepEqual(await result, { removedCount: 3, unknownVolumeCount: 1 });
  t.deepEqual(effects.removed, ['pid 7', 'ht-aaaaaaaaaaaa', '/vm/bbbbbbbbbbbb']);
  t.deepEqual(new Set(events.map(({ reason }) => reason)), new Set(['OrphanRemoved']));
});

test('a cache that is behind costs no VM its life', async (t) => {
  const { effects, result } = sweepWith({ cached: NONE, current: async () => ALL });
  await result;
  t.deepEqual(effects.removed, []);
});

test('without an answer of the API server, or before the first list, nothing is removed', async (t) => {
  const down = sweepWith({ cached: NONE, current: () => Promise.reject(new Error('no answer')) });
  await t.throwsAsync(down.result);
  t.deepEqual(down.effects.removed, []);
  const early = sweepWith({ cached: undefined, current: async () => NONE });
  await early.result;
  t.deepEqual(early.effects.removed, []);
});
