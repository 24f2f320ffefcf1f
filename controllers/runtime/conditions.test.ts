import test from 'ava';
import fc from 'fast-check';
import type { Condition } from '../../crds/meta/meta.ts';
import { findCondition, setCondition } from './conditions.ts';

const update = (status: Condition['status'], reason = 'Because') => ({
  type: 'Ready',
  status,
  reason,
  message: '',
});
const at = (ms: number) => ({ nowMs: () => ms });

test('the time moves with the status only', (t) => {
  const first = setCondition(undefined, update('False'), at(0));
  t.is(findCondition(first, 'Ready')?.lastTransitionTime, '1970-01-01T00:00:00Z');
  const second = setCondition(first, update('False', 'Other'), at(60_000));
  t.is(findCondition(second, 'Ready')?.lastTransitionTime, '1970-01-01T00:00:00Z');
  t.is(findCondition(second, 'Ready')?.reason, 'Other');
  const third = setCondition(second, update('True'), at(60_000));
  t.is(findCondition(third, 'Ready')?.lastTransitionTime, '1970-01-01T00:01:00Z');
});

test('setting twice is setting once; others and their order stay', (t) => {
  const type = fc.constantFrom('A', 'B', 'C');
  const status = fc.constantFrom('True' as const, 'False' as const, 'Unknown' as const);
  fc.assert(
    fc.property(fc.array(fc.record({ type, status })), type, status, (before, lastType, lastStatus) => {
      let conditions: Condition[] | undefined;
      for (const each of before)
        conditions = setCondition(conditions, { ...update(each.status), type: each.type }, at(1));
      const last = { ...update(lastStatus), type: lastType };
      const once = setCondition(conditions, last, at(2));
      t.deepEqual(setCondition(once, last, at(3)), once);
      t.is(new Set(once.map((condition) => condition.type)).size, once.length);
      const others = (list: Condition[] = []) => list.filter((condition) => condition.type !== lastType);
      t.deepEqual(others(once), others(conditions));
    }),
  );
});
