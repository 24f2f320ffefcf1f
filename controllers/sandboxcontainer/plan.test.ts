import test from 'ava';
import fc from 'fast-check';
import type { OwnContainer } from './own-container.ts';
import { type LifecycleInput, planLifecycle, planRoute, wantsRestart } from './plan.ts';

const own = fc.record<OwnContainer>({
  id: fc.constant('own'),
  state: fc.constantFrom('starting', 'running', 'ended', 'leaving', 'broken'),
  specHash: fc.constantFrom('wanted', 'other'),
  bootId: fc.constantFrom('now', 'earlier'),
  address: fc.constant('10.89.0.10'),
  startedAtSeconds: fc.constant(1),
  exitCode: fc.constantFrom(0, 1),
});

const inputs = fc.record<LifecycleInput>({
  found: fc.record({ own: fc.option(own, { nil: undefined }), squatters: fc.subarray(['a', 'b']) }),
  specHash: fc.constant('wanted'),
  bootId: fc.constant('now'),
  restartPolicy: fc.constantFrom('Always', 'OnFailure', 'Never'),
  isExitRecorded: fc.boolean(),
  isFinished: fc.boolean(),
  isDisappeared: fc.boolean(),
  mayTry: fc.boolean(),
  isHeld: fc.boolean(),
  isStuckAtPidsLimit: fc.boolean(),
});

const holds = (check: (input: LifecycleInput, kinds: string[]) => boolean) =>
  fc.assert(
    fc.property(inputs, (input) =>
      check(
        input,
        planLifecycle(input).map(({ kind }) => kind),
      ),
    ),
    { numRuns: 2_000 },
  );

test('a container that runs as declared is left alone', (t) => {
  holds(({ found, isStuckAtPidsLimit }, kinds) => {
    const isRight = found.own?.state === 'running' && found.own.specHash === 'wanted' && !isStuckAtPidsLimit;
    return !isRight || kinds.length === 0;
  });
  t.pass();
});

test('nothing is created while the own container is still there', (t) => {
  holds(({ found }, kinds) => {
    if (!kinds.includes('create') || found.own === undefined) return true;
    return kinds.indexOf('remove') !== -1 && kinds.indexOf('remove') < kinds.indexOf('create');
  });
  t.pass();
});

test('what is created is started, after everything that has its name is gone', (t) => {
  holds(({ found }, kinds) => {
    if (!kinds.includes('create')) return true;
    const removals = kinds.filter((kind) => kind === 'remove').length;
    return (
      kinds.at(-1) === 'start' && removals === found.squatters.length + (found.own === undefined ? 0 : 1)
    );
  });
  t.pass();
});

test('nothing starts before the back-off is over, but for a new spec or boot', (t) => {
  holds(({ found, mayTry }, kinds) => {
    const isNew = found.own?.specHash === 'other' || found.own?.bootId === 'earlier';
    return mayTry || isNew || !kinds.includes('start');
  });
  t.pass();
});

test('an end that is not recorded is never started over', (t) => {
  holds(({ found, isExitRecorded, bootId }, kinds) => {
    const { own: container } = found;
    if (container?.state !== 'ended' || container.specHash === 'other' || container.bootId !== bootId)
      return true;
    return isExitRecorded || kinds.length === 0;
  });
  t.pass();
});

test('a finished container stays as it is while its spec is the same', (t) => {
  holds(
    ({ found, isFinished }, kinds) => !isFinished || found.own?.specHash === 'other' || kinds.length === 0,
  );
  t.pass();
});

test('restart policies', (t) => {
  t.deepEqual(
    (['Always', 'OnFailure', 'Never'] as const).map((policy) => [
      wantsRestart(policy, 0),
      wantsRestart(policy, 1),
    ]),
    [
      [true, true],
      [false, true],
      [false, false],
    ],
  );
});

test('a route is changed only where it is known to be wrong', (t) => {
  const routes = new Map([['live', '10.89.0.10:80']]);
  const target = '10.89.0.10:80';
  t.is(planRoute({ key: 'live', target, routes }), undefined);
  t.is(planRoute({ key: 'live', target, routes: undefined }), undefined);
  t.is(planRoute({ key: undefined, target: undefined, routes }), undefined);
  t.is(planRoute({ key: 'dev', target: undefined, routes }), undefined);
  t.deepEqual(planRoute({ key: 'live', target: undefined, routes }), { kind: 'delete-route', key: 'live' });
  t.deepEqual(planRoute({ key: 'dev', target, routes }), { kind: 'set-route', key: 'dev', target });
});
