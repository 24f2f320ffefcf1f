/** Deepest nesting of lists and objects that is taken; deeper ones would exhaust the stack further on. */
export const NESTING_DEPTH_MAX = 256;

/** Whether lists and objects in `value` are nested deeper than `NESTING_DEPTH_MAX`. Uses no more stack than that. */
export function isNestedTooDeeply(value: unknown, depth = 0): boolean {
  if (typeof value !== 'object' || value === null) return false;
  const children = Object.values(value);
  if (depth === NESTING_DEPTH_MAX) return children.length > 0;
  return children.some((child) => isNestedTooDeeply(child, depth + 1));
}
