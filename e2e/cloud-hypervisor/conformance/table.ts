import type { CheckResult } from './run-checks.ts';

/** Results of one binary. */
export interface Column {
  readonly name: string;
  readonly results: readonly CheckResult[];
}

/** The checks as lines, the binaries as columns; below it what failed and why checks were skipped. */
export function formatTable(columns: readonly Column[]): string {
  const rows = columns[0]?.results ?? [];
  const wide = Math.max(...rows.map(labelOf).map((label) => label.length), 0);
  const widths = columns.map(({ name }) => Math.max(name.length, 'skipped'.length));
  const cells = (words: readonly string[]) =>
    words.map((word, index) => word.padEnd(widths[index] ?? 0)).join('  ');
  const head = `${'check'.padEnd(wide)}  ${cells(columns.map(({ name }) => name))}`;
  const lines = rows.map((row, index) => {
    const results = columns.map(({ results: all }) => all[index]?.result ?? '');
    return `${labelOf(row).padEnd(wide)}  ${cells(results)}`.trimEnd();
  });
  return [head.trimEnd(), ...lines, '', ...columns.flatMap(summary)].join('\n');
}

const labelOf = ({ area, title }: CheckResult) => `${area}: ${title}`;

function summary({ name, results }: Column): string[] {
  const of = (wanted: CheckResult['result']) => results.filter(({ result }) => result === wanted);
  const skippedFor = new Set(of('skipped').map(({ detail }) => `  skipped: ${detail ?? ''}`));
  return [
    `${name}: ${of('passed').length} passed, ${of('failed').length} failed, ${of('skipped').length} skipped`,
    ...of('failed').map((result) => `  failed: ${labelOf(result)}: ${result.detail ?? ''}`),
    ...skippedFor,
  ];
}
