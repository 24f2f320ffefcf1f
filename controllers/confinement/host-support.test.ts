import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import test from 'ava';
import { describeConfinement, hasLandlock } from './host-support.ts';

test('Landlock is there where the kernel lists it', async (t) => {
  const folder = await mkdtemp(join(tmpdir(), 'holt-lsm-'));
  t.teardown(() => rm(folder, { recursive: true }));
  const list = join(folder, 'lsm');
  await writeFile(list, 'lockdown,capability,landlock,yama\n');
  t.true(await hasLandlock(list));
  await writeFile(list, 'capability,yama');
  t.false(await hasLandlock(list));
  t.false(await hasLandlock(join(folder, 'missing')));
});

test('what is missing is named with its remedy, limits first', (t) => {
  t.like(describeConfinement({ hasCgroups: true, hasLandlock: true }), { isWhole: true, reason: 'Confined' });
  t.like(describeConfinement({ hasCgroups: true, hasLandlock: undefined }), { reason: 'Confined' });
  t.like(describeConfinement({ hasCgroups: true, hasLandlock: false }), { reason: 'NoLandlock' });
  const both = describeConfinement({ hasCgroups: false, hasLandlock: false });
  t.is(both.reason, 'NoCgroupV2');
  t.regex(both.message, /no limits.*boot with.*without Landlock.*boot with/);
});
