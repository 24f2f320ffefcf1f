import type { ExecutionContext } from 'ava';
import { FAULT_KINDS, FaultPlan } from '../../testing/fault-plan.ts';
import { VolumeBed } from './volume-bed.ts';

export interface CrashScenario<Result> {
  /** Outside of the faults. */
  readonly prepare: (bed: VolumeBed) => Promise<void>;
  /** Called again after each fault, as by a process that was started anew. */
  readonly work: (bed: VolumeBed) => Promise<Result>;
  /** Looked at after each fault, before the work is called again. */
  readonly invariant?: (bed: VolumeBed, what: string) => Promise<void>;
}

/** Plays the scenario once whole, and once with each kind of fault at each of its effects; all must end the same. */
export async function tryEveryCrashPoint<Result>(
  t: ExecutionContext,
  scenario: CrashScenario<Result>,
): Promise<Record<string, string>> {
  const learned = new FaultPlan();
  const reference = await play(t, scenario, learned, 'no fault');
  for (const [at, effect] of learned.names.entries()) {
    for (const kind of FAULT_KINDS) {
      const what = `${kind} at effect ${at}, ${effect}`;
      t.deepEqual(await play(t, scenario, new FaultPlan({ at, kind }), what), reference, what);
    }
  }
  return reference;
}

async function play<Result>(
  t: ExecutionContext,
  scenario: CrashScenario<Result>,
  faults: FaultPlan,
  what: string,
): Promise<Record<string, string>> {
  const bed = await VolumeBed.make(t, faults);
  await scenario.prepare(bed);
  for (let attempt = 0; attempt < 3; attempt += 1) {
    try {
      await Promise.race([scenario.work(bed), faults.crashed]);
      break;
    } catch (error) {
      if (attempt === 2) throw new Error(`${what}: does not end`, { cause: error });
      faults.restart();
      await scenario.invariant?.(bed, what);
    }
  }
  return bed.tree();
}
