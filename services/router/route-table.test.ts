import test from 'ava';
import fc from 'fast-check';
import { ROUTE_REASONS } from './reasons.ts';
import { decodeRoute, makeRoute, type RouteFields, routeKey } from './route-table.ts';

const word = fc.stringMatching(/^[A-Za-z0-9._-]{0,20}$/);
const route: fc.Arbitrary<RouteFields> = fc.record({
  user: fc.stringMatching(/^[a-z0-9]([-a-z0-9]{0,10}[a-z0-9])?$/),
  target: fc.constantFrom('live', 'dev'),
  state: fc.constantFrom('ready', ...ROUTE_REASONS),
  vmId: word,
  ip: word,
  containerName: word,
  bootId: word,
});

test('what is encoded decodes to the same, and holds nothing that a command line could trip over', (t) => {
  fc.assert(
    fc.property(route, (given) => {
      const made = makeRoute(given);
      t.deepEqual(decodeRoute(routeKey(given.user, given.target), made.value), made);
      t.notRegex(made.value, /[\s;\\<>]/);
    }),
  );
});

test('fields that could be read as a command are refused', (t) => {
  const given = decodeRoute('alice/live', 'ready|vm|10.66.1.1|c|b');
  t.truthy(given);
  for (const bad of ['a b', 'a;b', 'a|b', 'a\nb', '<<']) {
    if (given !== undefined)
      t.throws(() => makeRoute({ ...given, containerName: bad }), { message: /not allowed/ });
  }
});

test('what is no route decodes to nothing', (t) => {
  const good = 'ready|vm|10.66.1.1|c|b';
  for (const key of ['', 'alice', '/live', 'alice/other', 'alice/live/x'])
    t.is(decodeRoute(key, good), undefined, key);
  for (const value of ['', 'ready', 'ready|vm', `${good}|more`, 'odd|vm|ip|c|b']) {
    t.is(decodeRoute('alice/live', value), undefined, value);
  }
});
