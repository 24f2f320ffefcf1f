import test from 'ava';
import { addCounts, parseCounts } from './test-counts.ts';

test('the closing lines of a green run', (t) => {
  t.deepEqual(parseCounts('  ✔ a\n\n  12 tests passed\n'), { passed: 12, failed: 0, skipped: 0 });
});

test('failed tests, hooks and crashes all count as failures', (t) => {
  const output =
    '\n  3 tests passed\n  1 test failed\n  1 hook failed\n  2 uncaught exceptions\n  4 tests skipped\n';
  t.deepEqual(parseCounts(output), { passed: 3, failed: 4, skipped: 4 });
});

test('suites add up', (t) => {
  const one = { passed: 1, failed: 0, skipped: 2 };
  t.deepEqual(addCounts(one, one), { passed: 2, failed: 0, skipped: 4 });
});
