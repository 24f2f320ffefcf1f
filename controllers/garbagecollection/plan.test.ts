import test from 'ava';
import fc from 'fast-check';
import { type ObservedOwner, type OwnerState, planCollection } from './plan.ts';

const owner = (state: OwnerState, uid: string): ObservedOwner => ({
  reference: { apiVersion: 'v1', kind: 'Node', name: uid, uid },
  state,
});

const plan = (
  states: readonly OwnerState[],
  facts: { finalizers?: string[]; hasDependents?: boolean } = {},
) =>
  planCollection(
    states.map((state, index) => owner(state, String(index))),
    { finalizers: [], hasDependents: false, ...facts },
  );

test('the table of the README', (t) => {
  t.deepEqual(plan([]), { action: 'keep' });
  t.deepEqual(plan(['solid']), { action: 'keep' });
  t.deepEqual(plan(['dangling', 'unresolvable']), { action: 'wait' });
  t.deepEqual(plan(['solid', 'unresolvable', 'dangling']), { action: 'wait' });
  t.deepEqual(plan(['misplaced', 'unresolvable']), { action: 'keep' });
  t.deepEqual(plan(['dangling', 'misplaced']), { action: 'keep' });
  t.deepEqual(plan(['dangling', 'solid', 'waiting']), { action: 'dropReferences', ownerUids: ['0', '2'] });
  t.deepEqual(plan(['dangling'], { hasDependents: true }), {
    action: 'delete',
    propagationPolicy: 'Background',
  });
  t.deepEqual(plan(['waiting']), { action: 'delete', propagationPolicy: 'Background' });
  t.deepEqual(plan(['waiting', 'dangling'], { hasDependents: true }), {
    action: 'delete',
    propagationPolicy: 'Foreground',
  });
});

test('what an object says of its dependents before its deletion holds', (t) => {
  const policyOf = (finalizers: string[]) => {
    const found = plan(['dangling'], { finalizers });
    return found.action === 'delete' && found.propagationPolicy;
  };
  t.is(policyOf(['orphan']), 'Orphan');
  t.is(policyOf(['foregroundDeletion']), 'Foreground');
  t.is(policyOf(['example.com/other']), 'Background');
});

test('nothing is deleted while one owner may be there, and only those that are not are dropped', (t) => {
  const states = fc.array(
    fc.constantFrom<OwnerState[]>('solid', 'dangling', 'waiting', 'unresolvable', 'misplaced'),
    { maxLength: 5 },
  );
  fc.assert(
    fc.property(states, fc.boolean(), (given, hasDependents) => {
      const found = plan(given, { hasDependents });
      const mayBeThere = given.some((state) => state !== 'dangling' && state !== 'waiting');
      if (found.action === 'delete') return !mayBeThere && given.length > 0;
      if (found.action !== 'dropReferences') return true;
      return given.every((state, index) => found.ownerUids.includes(String(index)) === (state !== 'solid'));
    }),
  );
  t.pass();
});
