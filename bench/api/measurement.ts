import { cpuMicros } from './process-cpu.ts';

/** What one benchmark measured of one server. */
export interface Measurement {
  /** Operations a second. */
  readonly rate: number;
  /** CPU time of the server's process an operation, microseconds; steadier than the rate where others use the machine. */
  readonly cpuUs: number;
}

/** By what was measured. */
export type Measurements = ReadonlyMap<string, Measurement>;

export interface MeasureOptions {
  /** Callers at once, each waiting for its answer. */
  readonly callers: number;
  readonly durationMs: number;
  /** Process of the server. */
  readonly pid: number;
  /** First number that `operation` is given; each call gets the next. */
  readonly from?: number;
}

/** Runs `operation` over and over for a time; a tenth as long before, uncounted. */
export async function measure(
  options: MeasureOptions,
  operation: (index: number) => Promise<unknown>,
): Promise<Measurement & { readonly next: number }> {
  const { callers, durationMs, pid } = options;
  let next = options.from ?? 0;
  const runFor = async (ms: number) => {
    const end = performance.now() + ms;
    const caller = async () => {
      while (performance.now() < end) await operation(next++);
    };
    await Promise.all(Array.from({ length: callers }, caller));
  };
  await runFor(durationMs / 10);
  const first = next;
  const cpuBefore = await cpuMicros(pid);
  const begin = performance.now();
  await runFor(durationMs);
  const seconds = (performance.now() - begin) / 1_000;
  const count = next - first;
  return { rate: count / seconds, cpuUs: ((await cpuMicros(pid)) - cpuBefore) / count, next };
}
