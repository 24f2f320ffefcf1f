import test from 'ava';
import fc from 'fast-check';
import { type ObservedOwner, planCollection } from './plan.ts';

const owner = (state: ObservedOwner['state'], uid: string): ObservedOwner => ({
  reference: { apiVersion: 'v1', kind: 'Node', name: uid, uid },
  state,
});

test('the table of the README', (t) => {
  t.deepEqual(planCollection([], false), { action: 'keep' });
  t.deepEqual(planCollection([owner('solid', 'a')], false), { action: 'keep' });
  t.deepEqual(planCollection([owner('unresolvable', 'a')], false), { action: 'keep' });
  t.deepEqual(planCollection([owner('gone', 'a')], true), {
    action: 'delete',
    propagationPolicy: 'Background',
  });
  t.deepEqual(planCollection([owner('waiting', 'a')], false), {
    action: 'delete',
    propagationPolicy: 'Background',
  });
  t.deepEqual(planCollection([owner('waiting', 'a'), owner('gone', 'b')], true), {
    action: 'delete',
    propagationPolicy: 'Foreground',
  });
  const kept = owner('solid', 'b');
  t.deepEqual(planCollection([owner('gone', 'a'), kept], false), {
    action: 'dropReferences',
    ownerReferences: [kept.reference],
  });
});

test('nothing is deleted while one owner may be there, and what is kept is exactly those', (t) => {
  const states = fc.array(fc.constantFrom('solid', 'gone', 'waiting', 'unresolvable'), { maxLength: 5 });
  fc.assert(
    fc.property(states, fc.boolean(), (given, hasDependents) => {
      const owners = given.map((state, index) => owner(state, String(index)));
      const kept = owners.filter(({ state }) => state === 'solid' || state === 'unresolvable');
      const plan = planCollection(owners, hasDependents);
      if (plan.action === 'delete') return kept.length === 0 && owners.length > 0;
      if (plan.action === 'keep') return kept.length === owners.length;
      return kept.length > 0 && plan.ownerReferences.length === kept.length;
    }),
  );
  t.pass();
});
