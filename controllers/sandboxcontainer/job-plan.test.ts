import test from 'ava';
import fc from 'fast-check';
import { type JobPlanInput, planJob } from './job-plan.ts';
import type { OwnContainer } from './own-container.ts';

const own = fc.record<OwnContainer>({
  id: fc.constant('own'),
  state: fc.constantFrom('starting', 'running', 'ended', 'leaving', 'broken'),
  specHash: fc.constantFrom('wanted', 'other'),
  bootId: fc.constantFrom('now', 'earlier'),
  address: fc.constant('10.89.0.10'),
  startedAtSeconds: fc.constant(1),
  exitCode: fc.constantFrom(0, 1),
});

const inputs = fc.record<JobPlanInput>({
  found: fc.record({ own: fc.option(own, { nil: undefined }), squatters: fc.subarray(['a', 'b']) }),
  specHash: fc.constant('wanted'),
  bootId: fc.constant('now'),
  restartPolicy: fc.constantFrom('OnFailure', 'Never'),
  isFinished: fc.boolean(),
  isActive: fc.boolean(),
  recordedId: fc.constantFrom('own', 'another', undefined),
  isExitRecorded: fc.boolean(),
  isSuspended: fc.boolean(),
  isPastDeadline: fc.boolean(),
  mayTry: fc.boolean(),
  isHeld: fc.boolean(),
  isStuckAtPidsLimit: fc.boolean(),
});

const holds = (check: (input: JobPlanInput, kinds: string[]) => boolean) =>
  fc.assert(
    fc.property(inputs, (input) =>
      check(
        input,
        planJob(input).map(({ kind }) => kind),
      ),
    ),
    { numRuns: 3_000 },
  );

test('nothing starts but the container of the attempt that is told, in the boot it was made in', (t) => {
  holds(({ found, isActive, recordedId, bootId }, kinds) => {
    if (!kinds.includes('start')) return true;
    return isActive && recordedId === 'own' && found.own?.bootId === bootId && kinds.length === 1;
  });
  t.pass();
});

test('what ran is not started over before its end is told', (t) => {
  holds(
    ({ found, isExitRecorded }, kinds) =>
      found.own?.state !== 'ended' || isExitRecorded || !kinds.includes('start'),
  );
  t.pass();
});

test('a finished, suspended or overdue job makes and starts nothing, and what runs of it ends', (t) => {
  holds(({ found, isFinished, isSuspended, isPastDeadline, isActive }, kinds) => {
    if (isFinished && kinds.includes('start')) return false;
    if (!isFinished && !isSuspended && !isPastDeadline) return true;
    if (kinds.includes('create')) return false;
    if (found.own?.state === 'running') return kinds.length === 1 && kinds[0] !== 'start';
    return !(isSuspended && isActive) || !kinds.includes('start');
  });
  t.pass();
});

test('while an attempt is under way its container is not replaced', (t) => {
  holds(({ isActive }, kinds) => !isActive || !kinds.includes('create'));
  t.pass();
});

test('a running attempt is left alone, also by another drift key', (t) => {
  holds((input, kinds) => {
    const isEnded = input.isFinished || input.isPastDeadline || input.isSuspended || input.isStuckAtPidsLimit;
    return input.found.own?.state !== 'running' || isEnded || kinds.length === 0;
  });
  t.pass();
});

test('nothing is created while the own container or another of its name is there', (t) => {
  holds(({ found }, kinds) => {
    if (!kinds.includes('create')) return true;
    const removals = kinds.filter((kind) => kind === 'remove').length;
    return (
      kinds.at(-1) === 'create' && removals === found.squatters.length + (found.own === undefined ? 0 : 1)
    );
  });
  t.pass();
});
