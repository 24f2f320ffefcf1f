import test from 'ava';
import { vmmUserIdOf } from './vmm-user.ts';

test('every address of the subnet has a user id of its own', (t) => {
  const all = new Set<number>();
  for (let third = 0; third < 256; third += 1) {
    for (let fourth = 0; fourth < 256; fourth += 1) all.add(vmmUserIdOf(`10.66.${third}.${fourth}`));
  }
  t.is(all.size, 65_536);
  t.true(Math.min(...all) >= 1_879_048_192 && Math.max(...all) <= 2_147_483_647);
});

test('what is no address has none', (t) => {
  for (const ip of ['', '10.66', '10.66.1.256', '10.66.1.x', '::1'])
    t.throws(() => vmmUserIdOf(ip), { instanceOf: RangeError }, ip);
});
