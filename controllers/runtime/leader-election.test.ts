import test from 'ava';
import fc from 'fast-check';
import { pino } from 'pino';
import { LeadershipLostError, runLeaderElection } from './leader-election.ts';
import { planLeaseWrite } from './lease-plan.ts';
import { FakeLeases } from './testing/fake-leases.ts';
import { TestClock } from './testing/test-clock.ts';

function candidate(leases: FakeLeases, clock: TestClock, identity: string) {
  const link = { isCut: false };
  const stop = new AbortController();
  const state = {
    identity,
    link,
    stop,
    leads: false,
    fencingToken: -1,
    error: undefined as unknown,
    ended: false,
  };
  const running = runLeaderElection({
    client: leases.client(link),
    namespace: 'kube-system',
    leaseName: 'manager',
    identity,
    clock,
    logger: pino({ level: 'silent' }),
    signal: stop.signal,
    lead: async ({ signal, fencingToken }) => {
      state.leads = true;
      state.fencingToken = fencingToken;
      await new Promise<void>((resolve) => signal.addEventListener('abort', () => resolve()));
      state.leads = false;
    },
  })
    .catch((error: unknown) => {
      state.error = error;
    })
    .finally(() => {
      state.ended = true;
    });
  return { ...state, state, running };
}

test('one leads, the other stands by and takes over at once when the Lease is given back', async (t) => {
  const [leases, clock] = [new FakeLeases(), new TestClock()];
  const a = candidate(leases, clock, 'a');
  await clock.advance(100);
  const b = candidate(leases, clock, 'b');
  await clock.advance(60_000);
  t.true(a.state.leads);
  t.false(b.state.leads);
  a.stop.abort();
  await clock.advance(4_000);
  t.false(a.state.leads);
  t.is(a.state.error, undefined);
  t.true(b.state.leads);
  t.true(b.state.fencingToken > a.state.fencingToken);
  b.stop.abort();
  await clock.advance(2_000);
});

test('a leader that cannot renew gives up before another may lead', async (t) => {
  const [leases, clock] = [new FakeLeases(), new TestClock()];
  const a = candidate(leases, clock, 'a');
  await clock.advance(100);
  const b = candidate(leases, clock, 'b');
  await clock.advance(10_000);
  a.link.isCut = true;
  let overlap = false;
  for (let elapsedMs = 0; elapsedMs < 40_000; elapsedMs += 250) {
    await clock.advance(250);
    overlap ||= a.state.leads && b.state.leads;
  }
  t.false(overlap);
  t.true(a.state.error instanceof LeadershipLostError);
  t.true(b.state.leads);
  b.stop.abort();
  await clock.advance(2_000);
});

test('a candidacy that ends before it led leaves no trace', async (t) => {
  const [leases, clock] = [new FakeLeases(), new TestClock()];
  const a = candidate(leases, clock, 'a');
  await clock.advance(100);
  const before = leases.lease?.spec.leaseTransitions;
  const b = candidate(leases, clock, 'b');
  await clock.advance(3_000);
  b.stop.abort();
  await clock.advance(3_000);
  t.true(b.state.ended);
  t.is(leases.lease?.spec.leaseTransitions, before);
  a.stop.abort();
  await clock.advance(2_000);
});

test('never two leaders, tokens only rise, whatever links are cut', async (t) => {
  const cuts = fc.array(
    fc.record({ who: fc.nat(2), isCut: fc.boolean(), afterMs: fc.integer({ min: 100, max: 20_000 }) }),
    {
      maxLength: 12,
    },
  );
  await fc.assert(
    fc.asyncProperty(cuts, async (steps) => {
      const [leases, clock] = [new FakeLeases(), new TestClock()];
      const all = ['a', 'b', 'c'].map((identity) => candidate(leases, clock, identity));
      let isSafe = true;
      const tokens: number[] = [];
      const look = () => {
        const leaders = all.filter(({ state }) => state.leads);
        isSafe &&= leaders.length <= 1;
        const token = leaders[0]?.state.fencingToken;
        if (token !== undefined && token !== tokens.at(-1)) tokens.push(token);
      };
      for (const { who, isCut, afterMs } of steps) {
        for (let elapsedMs = 0; elapsedMs < afterMs; elapsedMs += 500) {
          await clock.advance(500);
          look();
        }
        const target = all[who];
        if (target !== undefined) target.link.isCut = isCut;
      }
      for (const each of all) each.stop.abort();
      await clock.advance(5_000);
      return isSafe && tokens.every((token, index) => index === 0 || token > (tokens[index - 1] ?? 0));
    }),
    { numRuns: 15 },
  );
  t.pass();
});

test('a plan never takes what another holds in time', (t) => {
  fc.assert(
    fc.property(
      fc.constantFrom('', 'a', 'b'),
      fc.nat(30_000),
      fc.nat(5),
      (holder, currentAgeMs, leaseTransitions) => {
        const current = { holderIdentity: holder, leaseDurationSeconds: 15, leaseTransitions };
        const plan = planLeaseWrite({
          identity: 'a',
          current,
          currentAgeMs,
          leaseDurationMs: 15_000,
          now: 'now',
        });
        if (holder === 'b' && currentAgeMs < 15_000) return plan === undefined;
        const isRenewal = holder === 'a';
        return (
          plan?.holderIdentity === 'a' && plan.leaseTransitions === leaseTransitions + (isRenewal ? 0 : 1)
        );
      },
    ),
  );
  t.pass();
});
