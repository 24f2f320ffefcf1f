import { readdir, readFile } from 'node:fs/promises';

/** Linux counts in hundredths of a second for every program that asks. */
const MICROS_PER_TICK = 10_000;

/**
 * CPU time that a process has taken so far with all programs that it ran: itself, its children that have ended, and
 * those that live, microseconds.
 */
export async function treeCpuMicros(pid: number): Promise<number> {
  const table = new Map<number, { parent: number; ticks: number }>();
  for (const name of await readdir('/proc')) {
    if (!/^\d+$/.test(name)) continue;
    const stat = await readFile(`/proc/${name}/stat`, 'utf8').catch(() => '');
    const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
    // utime, stime, cutime, cstime (man 5 proc).
    const ticks = fields.slice(11, 15).reduce((sum, field) => sum + Number(field), 0);
    if (fields.length > 15) table.set(Number(name), { parent: Number(fields[1]), ticks });
  }
  const ticksOf = (id: number): number => {
    let ticks = table.get(id)?.ticks ?? 0;
    for (const [child, { parent }] of table) if (parent === id) ticks += ticksOf(child);
    return ticks;
  };
  return ticksOf(pid) * MICROS_PER_TICK;
}
