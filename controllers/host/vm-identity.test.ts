import test from 'ava';
import fc from 'fast-check';
import { chooseAddress } from './addresses.ts';
import { macOf, recycleIdOf, shortIdOf, tapNameOf, vmIdOf, vmPathsOf } from './vm-identity.ts';

const UID = '0A1b2c3d-4e5f-4a6b-8c7d-9e0f1a2b3c4d';

test('names follow from the UID and fit their limits', (t) => {
  t.is(shortIdOf(UID), '0a1b2c3d4e5f');
  t.is(vmIdOf(UID), 'vm-0a1b2c3d4e5f');
  t.is(tapNameOf(shortIdOf(UID)), 'ht-0a1b2c3d4e5f');
  t.is(tapNameOf(shortIdOf(UID)).length, 15);
  t.is(macOf(UID), '02:0a:1b:2c:3d:4e');
  t.is(vmPathsOf('/s/vm', shortIdOf(UID)).vsock, '/s/vm/0a1b2c3d4e5f/run/v.sock');
  t.throws(() => shortIdOf('alice'), { instanceOf: RangeError });
});

test('a recycle id is safe on a command line, and another one for another request', (t) => {
  t.is(recycleIdOf(undefined), '0');
  t.regex(recycleIdOf('two words "and" quotes'), /^[\w-]{22}$/);
  t.not(recycleIdOf('a'), recycleIdOf('b'));
});

test('an address is stable, in the subnet, none of the reserved ones and nobody else has it', (t) => {
  const taken = fc.uniqueArray(
    fc.integer({ min: 0, max: 65_535 }).map((host) => `10.66.${host >> 8}.${host & 255}`),
    { maxLength: 50 },
  );
  fc.assert(
    fc.property(fc.uuid(), taken, (uid, others) => {
      const address = chooseAddress(uid, '10.66.0.0/16', new Set(others));
      const again = chooseAddress(uid, '10.66.0.0/16', new Set([...others, address]));
      return (
        /^10\.66\.\d+\.\d+$/.test(address) &&
        !['10.66.0.0', '10.66.0.1', '10.66.255.255'].includes(address) &&
        !others.includes(address) &&
        again !== address &&
        address === chooseAddress(uid, '10.66.0.0/16', new Set(others))
      );
    }),
  );
  t.pass();
});

test('a full subnet is an error, not a loop', (t) => {
  const all = new Set(Array.from({ length: 65_536 }, (_, host) => `10.66.${host >> 8}.${host & 255}`));
  t.throws(() => chooseAddress(UID, '10.66.0.0/16', all), { instanceOf: RangeError });
});
