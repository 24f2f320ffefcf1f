/** What a run of the test suite came to. */
export interface TestCounts {
  readonly passed: number;
  readonly failed: number;
  readonly skipped: number;
}

/** Reads ava's closing lines: `12 tests passed`, `1 test failed`, `2 uncaught exceptions`, `1 test skipped`. */
export function parseCounts(output: string): TestCounts {
  const count = (pattern: RegExp) =>
    [...output.matchAll(pattern)].reduce((sum, match) => sum + Number(match[1]), 0);
  return {
    passed: count(/^\s*(\d+) tests? passed/gm),
    failed:
      count(/^\s*(\d+) (?:tests?|hooks?) failed/gm) +
      count(/^\s*(\d+) (?:uncaught exceptions?|unhandled rejections?|timeouts?)/gm),
    skipped: count(/^\s*(\d+) tests? skipped/gm),
  };
}

export function addCounts(one: TestCounts, other: TestCounts): TestCounts {
  return {
    passed: one.passed + other.passed,
    failed: one.failed + other.failed,
    skipped: one.skipped + other.skipped,
  };
}
