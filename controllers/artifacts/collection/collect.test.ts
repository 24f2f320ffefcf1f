import { spawn, spawnSync } from 'node:child_process';
import { mkdir, mkdtemp, readdir, rm, stat, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import test, { type ExecutionContext } from 'ava';
import { pino } from 'pino';
import { Registry } from 'prom-client';
import type { LifecycleEvent } from '../../../crds/meta/status-commit.ts';
import { systemClock } from '../../../lib/clock.ts';
import { CrashedError, FAULT_KINDS, FaultPlan } from '../../testing/fault-plan.ts';
import { ArtifactClaims } from './artifact-claims.ts';
import { type CollectionDeps, type CollectionResult, collectArtifacts } from './collect.ts';
import { runArtifactCollector } from './collector.ts';
import { createCollectionEffects } from './host-effects.ts';

const HOUR_MS = 3_600_000;
const NAMES = ['a', 'b', 'c', 'd', 'e'].map((digit) => digit.repeat(64));
const [NAMED = '', BOOTED = '', CLAIMED = '', UNUSED = '', OTHER = ''] = NAMES;
const digestOf = (name: string) => `sha256:${name}`;
const deadPid = spawnSync('/bin/true').pid;

/**
 * An images directory with an artifact that a GuestImage names, one that a VMM was started from, one that a VM
 * starts from, and two that nobody wants; what was left by interrupted work; and what is not Holt's.
 */
async function imagesIn(t: ExecutionContext) {
  const state = await mkdtemp(join(tmpdir(), 'holt-collect-'));
  t.teardown(() => rm(state, { recursive: true, force: true }));
  const images = join(state, 'images');
  const vms = join(state, 'vm');
  const directories = [
    ...NAMES,
    `.collected-${'f'.repeat(64)}`,
    `.cache/work-${deadPid}/root`,
    `.cache/work-${process.pid}`,
    '.cache/bases',
    'mine',
  ];
  for (const name of directories) {
    await mkdir(join(images, name), { recursive: true });
    await writeFile(join(images, name, 'manifest.json'), '{}');
  }
  await symlink(join(images, 'mine'), join(images, '9'.repeat(64)));
  await mkdir(join(vms, '0a1b2c3d4e5f'), { recursive: true });
  await writeFile(join(vms, '0a1b2c3d4e5f/vmm.json'), JSON.stringify({ imageDigest: digestOf(BOOTED) }));
  return { images, vms };
}

const KEPT = [NAMED, BOOTED, CLAIMED, '.cache', 'mine', '9'.repeat(64)].sort();

interface Round {
  readonly faults?: FaultPlan;
  readonly hoursLater?: number;
  readonly change?: Partial<CollectionDeps>;
}

async function depsIn(
  directories: { images: string; vms: string },
  { faults, hoursLater = 25, change }: Round,
) {
  const claims = new ArtifactClaims(systemClock);
  await claims.claim(digestOf(CLAIMED));
  const effects = createCollectionEffects({
    imagesDirectory: directories.images,
    vmsDirectory: directories.vms,
  });
  const events: LifecycleEvent[] = [];
  const deps: CollectionDeps = {
    effects: faults === undefined ? effects : faults.wrap(effects),
    claims,
    cachedUse: () => new Set([digestOf(NAMED)]),
    currentUse: async () => new Set([digestOf(NAMED)]),
    report: async (told) => void events.push(...told),
    retentionMs: 24 * HOUR_MS,
    clock: { nowMs: () => Date.now() + hoursLater * HOUR_MS },
    logger: pino({ level: 'silent' }),
    ...change,
  };
  return { deps, events };
}

async function collectIn(directories: { images: string; vms: string }, round: Round = {}) {
  const { deps, events } = await depsIn(directories, round);
  return { result: await collectArtifacts(deps), events };
}

const listing = async ({ images }: { images: string }) => ({
  images: (await readdir(images)).sort(),
  cache: (await readdir(join(images, '.cache'))).sort(),
});

test('what nothing names goes after its time, with what interrupted work left; all else stays', async (t) => {
  const directories = await imagesIn(t);
  const young = await collectIn(directories, { hoursLater: 23 });
  t.deepEqual(young.result.removedCount, 1, 'what was set aside has no name any more');
  const { result, events } = await collectIn(directories);
  t.is(result.removedCount, 3);
  t.true(result.freedBytes > 0);
  t.deepEqual(await listing(directories), { images: KEPT, cache: ['bases', `work-${process.pid}`].sort() });
  t.deepEqual(
    events.map(({ type, reason }) => `${type} ${reason}`),
    Array(3).fill('Normal GuestImageCollected'),
  );
  t.regex(events[0]?.message ?? '', /d{64}: no GuestImage and no VM has named it for 24 h; 1 MiB freed$/);
  const again = await collectIn(directories);
  t.deepEqual(again, { result: { removedCount: 0, freedBytes: 0 }, events: [] });
});

test('every effect crashed before, after, failed and ambiguous ends as without a fault', async (t) => {
  const learned = new FaultPlan();
  const reference = await imagesIn(t);
  await collectIn(reference, { faults: learned });
  const expected = await listing(reference);
  t.true(learned.names.length > 8);
  for (const [at, effect] of learned.names.entries()) {
    for (const kind of FAULT_KINDS) {
      const directories = await imagesIn(t);
      const faults = new FaultPlan({ at, kind });
      const round = collectIn(directories, { faults });
      await Promise.race([round, faults.crashed]).catch((error) => {
        if (!(error instanceof CrashedError)) t.regex(String(error), /injected/);
      });
      const halfway = await readdir(directories.images);
      t.true([NAMED, BOOTED, CLAIMED].every((name) => halfway.includes(name)));
      await collectIn(directories);
      t.deepEqual(await listing(directories), expected, `${kind} at effect ${at}, ${effect}`);
    }
  }
});

test('nothing goes without an answer of the API server, before the first lists, or where the cache is behind', async (t) => {
  const directories = await imagesIn(t);
  const before = await listing(directories);
  const down = async () => Promise.reject(new Error('no answer'));
  await t.throwsAsync(collectIn(directories, { change: { currentUse: down } }), { message: 'no answer' });
  await collectIn(directories, { change: { cachedUse: () => undefined } });
  t.deepEqual(await listing(directories), before);
  const all = new Set(NAMES.map(digestOf));
  await collectIn(directories, { change: { currentUse: async () => all } });
  const after = await readdir(directories.images);
  t.true(NAMES.every((name) => after.includes(name)));
});

test('a VM that was recorded since the look keeps its artifact, however long ago it was claimed', async (t) => {
  const directories = await imagesIn(t);
  const currentUse = async () => {
    await mkdir(join(directories.vms, '112233445566'));
    await writeFile(
      join(directories.vms, '112233445566/vmm.json'),
      JSON.stringify({ imageDigest: digestOf(UNUSED) }),
    );
    return new Set<string>();
  };
  const { result } = await collectIn(directories, { change: { currentUse } });
  t.is(result.removedCount, 3);
  t.true((await readdir(directories.images)).includes(UNUSED));
});

test('nothing goes while a VMM runs whose record cannot be read', async (t) => {
  const directories = await imagesIn(t);
  const socket = join(directories.vms, '0a1b2c3d4e5f/run/api.sock');
  const vmm = spawn(process.execPath, ['-e', 'setInterval(() => {}, 1e6)', '--', '--api-socket', socket]);
  t.teardown(() => vmm.kill('SIGKILL'));
  const before = await listing(directories);
  await writeFile(join(directories.vms, '0a1b2c3d4e5f/vmm.json'), '{"imageDi');
  await collectIn(directories);
  t.deepEqual(await listing(directories), before);
  const text = JSON.stringify({ imageDigest: digestOf(UNUSED) });
  await writeFile(join(directories.vms, '0a1b2c3d4e5f/vmm.json'), text);
  await collectIn(directories);
  t.deepEqual(
    (await readdir(directories.images)).filter((name) => NAMES.includes(name)).sort(),
    [NAMED, CLAIMED, UNUSED].sort(),
  );
});

test('the directory of another installation is not collected; what is used there is noted', async (t) => {
  const { images, vms } = await imagesIn(t);
  const link = `${images}-link`;
  await symlink(images, link);
  const before = await listing({ images });
  const times = async (name: string) => (await stat(join(images, name))).mtimeMs;
  const [namedAt, unusedAt] = [await times(NAMED), await times(UNUSED)];
  await collectIn({ images: link, vms });
  t.deepEqual(await listing({ images }), before);
  t.true((await times(NAMED)) > namedAt);
  t.is(await times(UNUSED), unusedAt);
});

test('an artifact that was asked for since the look stays', async (t) => {
  const directories = await imagesIn(t);
  const { effects } = (await depsIn(directories, {})).deps;
  const { entries } = await effects.inventory();
  const entry = entries.find(({ path }) => path.endsWith(OTHER));
  t.truthy(entry);
  if (entry === undefined) return;
  await effects.touch(entry);
  t.is(await effects.setAside(entry), undefined);
  t.true((await readdir(directories.images)).includes(OTHER));
});

test('one that cannot be removed is told, and keeps none of the others', async (t) => {
  const directories = await imagesIn(t);
  const { deps, events } = await depsIn(directories, {});
  const effects: CollectionDeps['effects'] = {
    ...deps.effects,
    setAside: async (entry) => {
      if (entry.path.endsWith(UNUSED)) throw new Error('EBUSY: resource busy');
      return deps.effects.setAside(entry);
    },
  };
  const { removedCount } = await collectArtifacts({ ...deps, effects });
  t.is(removedCount, 3);
  t.like(
    events.find(({ type }) => type === 'Warning'),
    { reason: 'GuestImageCollectionFailed' },
  );
});

test('the loop counts what it removed and the bytes', async (t) => {
  const { deps } = await depsIn(await imagesIn(t), {});
  const registry = new Registry();
  const stop = new AbortController();
  const clock = { ...systemClock, nowMs: deps.clock.nowMs, sleep: async () => stop.abort() };
  await runArtifactCollector({ ...deps, clock, registry }, stop.signal);
  const values: CollectionResult = {
    removedCount: await counted(registry, 'holt_artifacts_collected_total'),
    freedBytes: await counted(registry, 'holt_artifact_bytes_freed_total'),
  };
  t.is(values.removedCount, 4);
  t.true(values.freedBytes >= 4 * 512);
});

async function counted(registry: Registry, name: string): Promise<number> {
  const metric = await registry.getSingleMetric(name)?.get();
  return metric?.values[0]?.value ?? 0;
}
