/**
 * Operations a second of `operation` with `callers` callers at once, each waiting for its answer.
 * @param count how many operations in all
 */
export async function operationsPerSecond(
  count: number,
  callers: number,
  operation: (index: number) => Promise<unknown>,
): Promise<number> {
  let next = 0;
  const begin = performance.now();
  const caller = async () => {
    while (next < count) {
      const index = next;
      next += 1;
      await operation(index);
    }
  };
  await Promise.all(Array.from({ length: callers }, caller));
  return count / ((performance.now() - begin) / 1000);
}
