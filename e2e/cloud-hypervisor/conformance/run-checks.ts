import { Bench, type Check, type Need } from './check.ts';
import { guestWaitMsDefault, probe } from './probe.ts';

export interface CheckResult {
  readonly area: string;
  readonly title: string;
  readonly result: 'passed' | 'failed' | 'skipped';
  /** Why it failed or was skipped. */
  readonly detail?: string;
}

/** Longest time that one check may take. */
const checkTimeoutMs = 60_000;

/**
 * Runs the checks one after another against a binary; each has processes of its own. A guest that has not
 * said a word after `guestWaitMs` is none.
 */
export async function runChecks(
  binary: string,
  checks: readonly Check[],
  guestWaitMs = guestWaitMsDefault,
): Promise<CheckResult[]> {
  const missing = new Map<Need, Promise<string | undefined>>();
  const whyMissing = (need: Need) => {
    const known = missing.get(need) ?? probe(binary, need, guestWaitMs);
    missing.set(need, known);
    return known;
  };
  const results: CheckResult[] = [];
  for (const check of checks) results.push(await runCheck(binary, check, whyMissing));
  return results;
}

async function runCheck(
  binary: string,
  { area, title, needs, run }: Check,
  whyMissing: (need: Need) => Promise<string | undefined>,
): Promise<CheckResult> {
  const why = needs === undefined ? undefined : await whyMissing(needs);
  if (why !== undefined) return { area, title, result: 'skipped', detail: why };
  const bench = new Bench(binary);
  const timeout = Promise.withResolvers<never>();
  const timer = setTimeout(() => timeout.reject(new Error('took too long')), checkTimeoutMs);
  try {
    await Promise.race([run(bench), timeout.promise]);
    return { area, title, result: 'passed' };
  } catch (error) {
    return { area, title, result: 'failed', detail: error instanceof Error ? error.message : String(error) };
  } finally {
    clearTimeout(timer);
    await bench.close();
  }
}
