import { percentile } from '../../bench/statistics.ts';
import type { DrillResult } from './drill.ts';
import { FAULTS } from './faults.ts';

function countOf({ counts }: DrillResult, row: 'kill' | 'perturbation' | 'host'): number {
  return [...counts].reduce((sum, [kind, count]) => sum + (FAULTS[kind]?.row === row ? count : 0), 0);
}

/** The scoreboard: what this run counted, and for the rest which command does. */
export function tableOf(result: DrillResult): string[] {
  const { violations, twiceRunning, orphans, quietWrites, healMs } = result;
  const held = `${violations.length} violations`;
  const p99 = healMs.length === 0 ? 'none' : `p99 ${(percentile(healMs, 99) / 1000).toFixed(1)} s`;
  const rows = [
    ['1', 'crash points covered', 'in-process: npm run test:unit -- controllers/**/crash-points.test.ts'],
    ['2', 'random SIGKILLs', `${countOf(result, 'kill')}, ${held}`],
    ['3', 'stale and unobserved perturbations', `${countOf(result, 'perturbation')}, ${held}`],
    ['-', 'faults of the host', `${countOf(result, 'host')}, ${held}`],
    ['4', 'history checked for linearizability', 'npm run drill:linearizability'],
    ['5', 'watch properties', 'npm run test:unit -- api/testing/watch-properties/*.test.ts'],
    ['6', 'one VM running twice', String(twiceRunning)],
    ['7', 'orphans 60 s after quiet', String(orphans)],
    ['8', 'writes by a second reconcile', String(quietWrites)],
    ['9', 'convergence after a round of faults', p99],
    [
      '10',
      'etcd drills',
      `${result.counts.get('SIGKILL etcd') ?? 0} kills, ${result.counts.get('etcd stands still') ?? 0} pauses; members and restore: not here`,
    ],
    ['11', 'planted bugs caught', 'canaries in the crash-point tests and npm run drill:linearizability'],
    ['12', 'soak', 'this drill with --minutes; npm run bench:thrash for leaks'],
    ['13', 'authorisation matrix', 'npm run test:unit -- api/server/auth/**/*.test.ts'],
    ['14', 'failures without a replayable seed', '0: the seed is printed'],
  ];
  return ['| # | measure | this run |', '|---|---|---|', ...rows.map((cells) => `| ${cells.join(' | ')} |`)];
}
