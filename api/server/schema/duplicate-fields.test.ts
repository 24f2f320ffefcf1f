import test from 'ava';
import fc from 'fast-check';
import { duplicateFields } from './duplicate-fields.ts';

function details(json: string): string[] {
  return duplicateFields(json).map(({ detail }) => detail);
}

test('a field that stands twice in one object is named with its path', (t) => {
  t.deepEqual(details('{"spec":{"a":1,"b":{"a":2},"a":3}}'), ['duplicate field "spec.a"']);
  t.deepEqual(details('{"env":[{"a":1},{"a":1,"a":2}],"x":[[{"b":1,"b":1}]]}'), [
    'duplicate field "env[1].a"',
    'duplicate field "x[0][0].b"',
  ]);
  t.deepEqual(details('{"a":1,"\\u0061":2}'), ['duplicate field "a"']);
});

test('braces, colons and names inside strings say nothing', (t) => {
  t.deepEqual(details('{"a":"{\\"b\\":1,\\"b\\":2}","c":["a","a"],"d":"a"}'), []);
});

test('what JSON.stringify writes has no duplicates, and what is repeated is found', (t) => {
  fc.assert(
    fc.property(
      fc.dictionary(fc.string(), fc.jsonValue(), { minKeys: 1, noNullPrototype: true }),
      (object) => {
        const json = JSON.stringify(object);
        t.deepEqual(details(json), []);
        const [[name, value] = ['', null]] = Object.entries(object);
        const repeated = `${json.slice(0, -1)},${JSON.stringify(name)}:${JSON.stringify(value)}}`;
        t.deepEqual(details(repeated), [`duplicate field ${JSON.stringify(name)}`]);
      },
    ),
  );
});
