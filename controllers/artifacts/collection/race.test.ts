import test from 'ava';
import fc from 'fast-check';
import { pino } from 'pino';
import { systemClock } from '../../../lib/clock.ts';
import { ArtifactClaims } from './artifact-claims.ts';
import { collectArtifacts } from './collect.ts';
import type { CollectionEffects } from './effects.ts';

const DIGEST = `sha256:${'a'.repeat(64)}`;
const DAY_MS = 86_400_000;

/** One artifact that no object names, on a host whose every answer comes when the scheduler says so. */
class FakeArtifact {
  isThere = true;
  readonly recorded = new Set<string>();
  readonly #scheduler: fc.Scheduler;

  constructor(scheduler: fc.Scheduler) {
    this.#scheduler = scheduler;
  }

  /** Takes a while before it does something, and a while before anybody knows. */
  async effect<T>(work: () => T): Promise<T> {
    await this.#scheduler.schedule(Promise.resolve());
    const answer = work();
    await this.#scheduler.schedule(Promise.resolve());
    return answer;
  }

  readonly effects: CollectionEffects = {
    inventory: () =>
      this.effect(() => ({
        isOwn: true,
        entries: this.isThere
          ? [{ path: '/images/a', what: { kind: 'artifact', digest: DIGEST }, changedAtMs: 0 }]
          : [],
      })),
    bootedDigests: () => this.effect(() => new Set(this.recorded)),
    touch: () => this.effect(() => {}),
    setAside: () =>
      this.effect(() => {
        this.isThere = false;
        return '/images/.collected-a';
      }),
    remove: () => this.effect(() => 1),
  };

  /** What the UserVM controller does of a start: look, spawn, record, look once more and boot. */
  async start(claim: () => Promise<void>): Promise<'refused' | 'booted' | 'lost'> {
    await claim();
    if (!(await this.effect(() => this.isThere))) return 'refused';
    await this.effect(() => {});
    await this.effect(() => this.recorded.add(DIGEST));
    return (await this.effect(() => this.isThere)) ? 'booted' : 'lost';
  }
}

async function play(scheduler: fc.Scheduler, doesClaim: boolean) {
  const host = new FakeArtifact(scheduler);
  const claims = new ArtifactClaims(systemClock);
  const collect = () =>
    collectArtifacts({
      effects: host.effects,
      claims,
      cachedUse: () => new Set(),
      currentUse: () => host.effect(() => new Set<string>()),
      report: async () => {},
      retentionMs: DAY_MS,
      clock: { nowMs: () => 2 * DAY_MS },
      logger: pino({ level: 'silent' }),
    });
  const start = () => host.start(async () => (doesClaim ? claims.claim(DIGEST) : undefined));
  const late = async () => {
    await host.effect(() => {});
    return start();
  };
  const outcomes = scheduler.waitFor(Promise.all([start(), late(), collect(), collect()]));
  const [first, second] = await outcomes;
  const isKept = first !== 'booted' || host.isThere;
  return isKept && first !== 'lost' && second !== 'lost' && (second !== 'booted' || host.isThere);
}

test('a VM that starts keeps its artifact or finds it gone at its first look, however the collection falls in between', async (t) => {
  await fc.assert(
    fc.asyncProperty(fc.scheduler(), (scheduler) => play(scheduler, true)),
    { numRuns: 2_000 },
  );
  t.pass();
});

test('canary: starts without a claim are caught losing their artifact', async (t) => {
  const details = await fc.check(
    fc.asyncProperty(fc.scheduler(), (scheduler) => play(scheduler, false)),
    { numRuns: 2_000 },
  );
  t.true(details.failed);
});

test('a claim waits for the end of a collection, and holds longer than any start', async (t) => {
  let elapsedMs = 0;
  const claims = new ArtifactClaims({ monotonicMs: () => elapsedMs });
  const work = Promise.withResolvers<void>();
  const collection = claims.collect(DIGEST, () => work.promise);
  let isClaimed = false;
  const claim = claims.claim(DIGEST).then(() => {
    isClaimed = true;
  });
  await new Promise(setImmediate);
  t.false(isClaimed);
  work.reject(new Error('EBUSY'));
  await t.throwsAsync(collection, { message: 'EBUSY' });
  await claim;
  t.is(await claims.collect(DIGEST, async () => 'done'), undefined);
  elapsedMs = 599_000;
  t.deepEqual(claims.claimed(), new Set([DIGEST]));
  elapsedMs = 601_000;
  t.is(await claims.collect(DIGEST, async () => 'done'), 'done');
});
