/** Deepest nesting of lists and objects that is taken; deeper ones would exhaust the stack further on. */
export const NESTING_DEPTH_MAX = 256;

/** Whether lists and objects in `value` are nested deeper than `NESTING_DEPTH_MAX`. Uses no stack itself. */
export function isNestedTooDeeply(value: unknown): boolean {
  let level: unknown[] = [value];
  for (let depth = 0; depth <= NESTING_DEPTH_MAX; depth += 1) {
    level = level.flatMap((item) => (typeof item === 'object' && item !== null ? Object.values(item) : []));
    if (level.length === 0) return false;
  }
  return true;
}
