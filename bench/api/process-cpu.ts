import { readFile } from 'node:fs/promises';

/** Linux counts in hundredths of a second for every program that asks. */
const MICROS_PER_TICK = 10_000;

/** CPU time, user and system, that a process has taken so far, microseconds. */
export async function cpuMicros(pid: number): Promise<number> {
  const stat = await readFile(`/proc/${pid}/stat`, 'utf8');
  // The name before it may hold anything, spaces too.
  const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
  return (Number(fields[11]) + Number(fields[12])) * MICROS_PER_TICK;
}
