import { z } from 'zod';

const tableSchema = z.object({
  columnDefinitions: z.array(z.object({ name: z.string(), priority: z.number().optional() })),
  rows: z.array(
    z.object({
      cells: z.array(z.union([z.string(), z.number(), z.boolean(), z.null()])),
      object: z
        .looseObject({
          metadata: z.looseObject({ name: z.string().optional(), namespace: z.string().optional() }),
        })
        .optional(),
    }),
  ),
  metadata: z.looseObject({ resourceVersion: z.string().optional() }).optional(),
});

export type Table = z.infer<typeof tableSchema>;

/** What to ask the server for, to get a meta.k8s.io/v1 Table. */
export const TABLE_ACCEPT = 'application/json;as=Table;v=v1;g=meta.k8s.io,application/json';

/** @throws z.ZodError when the answer is no Table */
export function parseTable(answer: unknown): Table {
  return tableSchema.parse(answer);
}

/** Columns padded to one width, headings in capitals; columns of a priority above 0 only where `wide`. */
export function formatTable(
  table: Table,
  options: { wide?: boolean; withNamespace?: boolean; withHeader?: boolean },
): string {
  const shown = table.columnDefinitions.flatMap((column, index) =>
    options.wide === true || (column.priority ?? 0) === 0 ? [index] : [],
  );
  const header = shown.map((index) => table.columnDefinitions[index]?.name.toUpperCase() ?? '');
  const rows = table.rows.map((row) => {
    const cells = shown.map((index) => formatCell(row.cells[index]));
    return options.withNamespace === true ? [row.object?.metadata.namespace ?? '', ...cells] : cells;
  });
  const head = options.withNamespace === true ? ['NAMESPACE', ...header] : header;
  return formatColumns(options.withHeader === false ? rows : [head, ...rows]);
}

function formatCell(cell: string | number | boolean | null | undefined): string {
  return cell === null || cell === undefined || cell === '' ? '<none>' : String(cell);
}

/** Rows of cells with three spaces between columns. */
export function formatColumns(rows: readonly (readonly string[])[]): string {
  const widths: number[] = [];
  for (const row of rows) {
    for (const [index, cell] of row.entries()) widths[index] = Math.max(widths[index] ?? 0, cell.length);
  }
  return rows
    .map((row) =>
      row
        .map((cell, index) => cell.padEnd(widths[index] ?? 0))
        .join('   ')
        .trimEnd(),
    )
    .join('\n');
}
