import test from 'ava';
import fc from 'fast-check';
import { afterProbe, NOT_PROBED, type Readiness, type Thresholds } from './readiness.ts';

const run = (results: readonly boolean[], thresholds: Thresholds, start = NOT_PROBED): Readiness =>
  results.reduce((state, passed) => afterProbe(state, passed ? undefined : 'refused', thresholds), start);

const thresholds = { successThreshold: 2, failureThreshold: 3 };

test('ready after successThreshold successes in a row', (t) => {
  t.false(run([true], thresholds).isReady);
  t.true(run([true, true], thresholds).isReady);
  t.false(run([true, false, true], thresholds).isReady);
});

test('not ready after failureThreshold failures in a row', (t) => {
  t.true(run([true, true, false, false], thresholds).isReady);
  t.false(run([true, true, false, false, false], thresholds).isReady);
  t.true(run([true, true, false, false, true, false, false], thresholds).isReady);
});

test('a container that was never ready is pending at first and then failing', (t) => {
  t.false(run([false, false], thresholds).isFailing);
  const failing = run([false, false, false], thresholds);
  t.true(failing.isFailing);
  t.is(failing.lastFailure, 'refused');
  t.false(afterProbe(failing, undefined, thresholds).isFailing);
});

test('property: readiness is what the last thresholds of the history say', (t) => {
  const cases = fc.record({
    results: fc.array(fc.boolean(), { maxLength: 40 }),
    successThreshold: fc.integer({ min: 1, max: 4 }),
    failureThreshold: fc.integer({ min: 1, max: 4 }),
  });
  fc.assert(
    fc.property(cases, ({ results, ...limits }) => {
      let isReady = false;
      results.forEach((_, index) => {
        const seen = results.slice(0, index + 1);
        const endsWith = (value: boolean, count: number) =>
          seen.length >= count && seen.slice(-count).every((result) => result === value);
        if (!isReady && endsWith(true, limits.successThreshold)) isReady = true;
        else if (isReady && endsWith(false, limits.failureThreshold)) isReady = false;
      });
      t.is(run(results, limits).isReady, isReady);
    }),
  );
});
