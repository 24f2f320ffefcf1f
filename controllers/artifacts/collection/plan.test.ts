import test from 'ava';
import fc from 'fast-check';
import { type ImageEntry, planCollection } from './plan.ts';
import { digestsIn } from './used-digests.ts';

const NOW_MS = Date.UTC(2026, 0, 2);
const RETENTION_MS = 86_400_000;
const digestOf = (digit: number) => `sha256:${String(digit).repeat(64)}`;

const digest = fc.integer({ min: 0, max: 9 }).map(digestOf);
const entry: fc.Arbitrary<ImageEntry> = fc.record({
  path: fc.uuid(),
  what: fc.oneof(
    fc.record({ kind: fc.constant('artifact' as const), digest }),
    fc.record({ kind: fc.constant('build' as const), isRunning: fc.boolean() }),
    fc.record({ kind: fc.constant('setAside' as const) }),
  ),
  // A clock that was set back makes changes of the future.
  changedAtMs: fc.integer({ min: -RETENTION_MS, max: 3 * RETENTION_MS }).map((agoMs) => NOW_MS - agoMs),
});
const inputs = fc.record({
  entries: fc.array(entry, { maxLength: 12 }),
  used: fc.array(digest).map((digests) => new Set(digests)),
  retentionMs: fc.constant(RETENTION_MS),
  nowMs: fc.constant(NOW_MS),
});

test('nothing in use and nothing young is ever removed, and everything else is', (t) => {
  fc.assert(
    fc.property(inputs, (input) => {
      const { remove } = planCollection(input);
      return input.entries.every((each) => {
        const { what } = each;
        const isOld = NOW_MS - each.changedAtMs >= RETENTION_MS;
        const isWanted =
          what.kind === 'artifact' ? input.used.has(what.digest) : what.kind === 'build' && what.isRunning;
        return remove.includes(each) === (what.kind === 'setAside' || (isOld && !isWanted));
      });
    }),
    { numRuns: 2_000 },
  );
  t.pass();
});

test('only what is in use is noted, and never so late that it could go first', (t) => {
  fc.assert(
    fc.property(inputs, (input) => {
      const { touch, remove } = planCollection(input);
      return input.entries.every((each) => {
        const isUsed = each.what.kind === 'artifact' && input.used.has(each.what.digest);
        const isOld = NOW_MS - each.changedAtMs > RETENTION_MS / 2;
        return touch.includes(each) ? isUsed && !remove.includes(each) : !(isUsed && isOld);
      });
    }),
    { numRuns: 2_000 },
  );
  t.pass();
});

test('a digest counts wherever it stands in spec or status, whatever the field is called', (t) => {
  const image = {
    spec: { digest: digestOf(1), kernel: { digest: digestOf(2) } },
    status: { rollout: { previous: digestOf(3), history: [{ artifact: digestOf(4) }] } },
  };
  t.deepEqual(digestsIn([image, undefined]), new Set([1, 2, 3, 4].map(digestOf)));
  t.deepEqual(
    digestsIn(`{"imageDigest":"${digestOf(5)}"`),
    new Set([digestOf(5)]),
    'text that was cut short',
  );
  t.deepEqual(digestsIn(undefined), new Set());
});
