import test from 'ava';
import { standIn } from '../testing/vmm-process.ts';
import { allChecks } from './checks/all.ts';
import { runChecks } from './run-checks.ts';
import { formatTable } from './table.ts';

test.before(() => {
  process.env.HOLT_STANDIN_NO_GUEST = '1';
});

test('the stand-in without guests passes every check that needs none', async (t) => {
  const results = await runChecks(standIn, allChecks, 0);
  t.log(formatTable([{ name: 'stand-in', results }]));
  t.deepEqual(
    results.filter(({ result }) => result === 'failed'),
    [],
  );
  const skipped = results.filter(({ result }) => result === 'skipped');
  t.true(skipped.every(({ detail }) => detail === 'no guest kernel comes up here'));
  t.true(results.length - skipped.length >= 45);
});

test('a check that fails, or takes something that is not there, is told apart', async (t) => {
  const results = await runChecks('/bin/false', [
    { area: 'x', title: 'fails', run: () => Promise.reject(new Error('wrong')) },
    { area: 'x', title: 'has all it takes', run: async () => {} },
  ]);
  t.deepEqual(
    results.map(({ result, detail }) => [result, detail]),
    [
      ['failed', 'wrong'],
      ['passed', undefined],
    ],
  );
  t.regex(formatTable([{ name: 'y', results }]), /^x: fails +failed$/m);
});
