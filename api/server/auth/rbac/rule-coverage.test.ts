import test from 'ava';
import fc from 'fast-check';
import { ruleAllows } from './match-rule.ts';
import type { PolicyRule } from './policy-rule.ts';
import { compactRules, describeRule, uncoveredRules } from './rule-coverage.ts';

const EMPTY: PolicyRule = { verbs: [], apiGroups: [], resources: [], resourceNames: [], nonResourceURLs: [] };

const VERBS = ['get', 'list'];
const GROUPS = ['', 'apps'];
const RESOURCES = ['pods', 'toys'];
const SUBRESOURCES = ['', 'log'];
const NAMES = ['x', 'y', ''];

const some = (values: readonly string[]) => fc.uniqueArray(fc.constantFrom(...values), { maxLength: 3 });

const rule: fc.Arbitrary<PolicyRule> = fc.record({
  verbs: some([...VERBS, '*']),
  apiGroups: some([...GROUPS, '*']),
  resources: some(['pods', 'toys', 'pods/log', '*/log', '*']),
  resourceNames: some(['x', 'y']),
  nonResourceURLs: fc.constant([]),
});

/** Everything that can be asked in this small world. */
function* questions() {
  for (const verb of VERBS)
    for (const group of GROUPS)
      for (const resource of RESOURCES)
        for (const subresource of SUBRESOURCES)
          for (const name of NAMES)
            yield {
              user: { name: 'u', groups: [] },
              verb,
              group,
              resource,
              subresource,
              namespace: '',
              name,
            };
}

test('what is covered allows nothing that its owner may not', (t) => {
  fc.assert(
    fc.property(fc.array(rule, { maxLength: 4 }), fc.array(rule, { maxLength: 2 }), (owned, wanted) => {
      if (uncoveredRules(owned, wanted).length > 0) return true;
      return [...questions()].every(
        (asked) =>
          !wanted.some((one) => ruleAllows(one, asked)) || owned.some((one) => ruleAllows(one, asked)),
      );
    }),
  );
  t.pass();
});

test('a rule covers itself, and a star covers all', (t) => {
  const all = { ...EMPTY, verbs: ['*'], apiGroups: ['*'], resources: ['*'] };
  fc.assert(
    fc.property(rule, (one) => {
      return uncoveredRules([one], [one]).length === 0 && uncoveredRules([all], [one]).length === 0;
    }),
  );
  t.pass();
});

test('what lacks is told verb by verb, put together by resource', (t) => {
  const owned = [{ ...EMPTY, verbs: ['get'], apiGroups: [''], resources: ['pods'] }];
  const wanted = [
    { ...EMPTY, verbs: ['get', 'list', 'watch'], apiGroups: [''], resources: ['pods'] },
    { ...EMPTY, verbs: ['get'], nonResourceURLs: ['/metrics'] },
    { ...EMPTY, verbs: ['delete'], apiGroups: [''], resources: ['pods'], resourceNames: ['x'] },
  ];
  t.deepEqual(compactRules(uncoveredRules(owned, wanted)).map(describeRule), [
    '{APIGroups:[""], Resources:["pods"], Verbs:["list" "watch"]}',
    '{NonResourceURLs:["/metrics"], Verbs:["get"]}',
    '{APIGroups:[""], Resources:["pods"], ResourceNames:["x"], Verbs:["delete"]}',
  ]);
});
