import type { z } from 'zod';

export type Check<T> = z.core.$RefinementCtx<T>;

/** One line that names the value and the remedy; zod adds the field. */
export function refuse<T>(
  context: Check<T>,
  path: (string | number)[],
  value: unknown,
  remedy: string,
): void {
  context.addIssue({ code: 'custom', path, message: `${JSON.stringify(value)}: ${remedy}` });
}

/** Refuses what stands twice. @param path of the one at an index */
export function refuseDoubles<T>(
  context: Check<T>,
  values: readonly string[],
  path: (index: number) => string[],
): void {
  for (const [index, value] of values.entries())
    if (values.indexOf(value) < index) refuse(context, path(index), value, 'stands twice; take one out');
}
