import test from 'ava';
import fc from 'fast-check';
import { AddressBook, addressAt } from './address-book.ts';

test('addresses begin at 10.89.0.10 and go on past .255', (t) => {
  t.deepEqual([0, 245, 246].map(addressAt), ['10.89.0.10', '10.89.0.255', '10.89.1.0']);
});

test('property: containers of a VM never share an address, in whatever order they come and go', (t) => {
  const moves = fc.array(
    fc.record({ uid: fc.integer({ min: 0, max: 20 }), isRelease: fc.boolean(), isCommitted: fc.boolean() }),
  );
  fc.assert(
    fc.property(moves, (sequence) => {
      const book = new AddressBook();
      const held = new Map<string, string>();
      const committed = new Map<string, string>();
      for (const { uid: number, isRelease, isCommitted } of sequence) {
        const uid = `uid-${number}`;
        if (isRelease) {
          book.release('vm', uid);
          held.delete(uid);
          committed.delete(uid);
          continue;
        }
        const known = [...committed].map(([owner, address]) => ({ uid: owner, address }));
        const address = book.allocate('vm', uid, known);
        t.is(address, held.get(uid) ?? address);
        held.set(uid, address);
        if (isCommitted) committed.set(uid, address);
        t.is(new Set(held.values()).size, held.size);
      }
    }),
  );
});

test('a new process takes statuses and labels for the truth', (t) => {
  const known = [
    { uid: 'a', address: '10.89.0.12' },
    { uid: 'b', address: '10.89.0.10' },
  ];
  const book = new AddressBook();
  t.is(book.allocate('vm', 'a', known), '10.89.0.12');
  t.is(book.allocate('vm', 'c', known), '10.89.0.11');
  t.is(book.allocate('another-vm', 'd', []), '10.89.0.10');
});

test('a VM that has none left says so', (t) => {
  const book = new AddressBook();
  for (let index = 0; index < 1000; index += 1) book.allocate('vm', `uid-${index}`, []);
  t.throws(() => book.allocate('vm', 'one-more', []), { instanceOf: RangeError });
});
