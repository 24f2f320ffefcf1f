import test from 'ava';
import { standIn, whyNoQemu } from '../testing/vmm-process.ts';
import { allChecks } from './checks/all.ts';
import { runChecks } from './run-checks.ts';

const noQemu = whyNoQemu();
const title = 'under emulation devices come and go, and a VM that was written out goes on';
if (noQemu !== undefined) test.skip(`${title}: ${noQemu}`, () => {});
else {
  test(title, async (t) => {
    const areas = ['devices', 'snapshots', 'guest'];
    const results = await runChecks(
      standIn,
      allChecks.filter(({ area }) => areas.includes(area)),
    );
    t.deepEqual(
      results.filter(({ result }) => result === 'failed'),
      [],
    );
    // A machine that can't make network namespaces is the one excuse.
    const skipped = results.filter(({ result }) => result === 'skipped');
    t.true(skipped.every(({ detail }) => detail === 'no network namespace can be made here'));
  });
}
