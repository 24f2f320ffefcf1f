import type { Check } from '../check.ts';
import { deviceChecks } from './devices.ts';
import { formChecks } from './forms.ts';
import { lifecycleChecks } from './lifecycle.ts';
import { processChecks } from './processes.ts';
import { snapshotChecks } from './snapshots.ts';
import { stateChecks } from './states.ts';

/** Every check, in the order of the table. */
export const allChecks: readonly Check[] = [
  ...formChecks,
  ...lifecycleChecks,
  ...stateChecks,
  ...deviceChecks,
  ...snapshotChecks,
  ...processChecks,
];
