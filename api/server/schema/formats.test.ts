import test from 'ava';
import { checkFormat } from './formats.ts';
import { validateValue } from './validate-value.ts';

test('formats that are checked, and those that only say something', (t) => {
  const cases: readonly [string, string, string][] = [
    ['byte', 'aGVsbG8=', 'a'],
    ['cidr', '10.0.0.0/8', '10.0.0.0/33'],
    ['date', '2026-02-28', '2026-02-30'],
    ['date-time', '2026-01-02T03:04:05Z', 'yesterday'],
    ['duration', '1h30m', '1 fortnight'],
    ['hostname', 'a.example.com', '-a'],
    ['ipv4', '127.0.0.1', '::1'],
    ['ipv6', '::1', '127.0.0.1'],
    ['uuid', '123e4567-e89b-12d3-a456-426614174000', '123'],
  ];
  for (const [format, right, wrong] of cases) {
    t.is(checkFormat(format, right), undefined, format);
    t.truthy(checkFormat(format, wrong), format);
  }
  t.is(checkFormat('colour', 'anything'), undefined);
  t.is(checkFormat('constructor', 'anything'), undefined);
});

test('numbers: exclusive bounds, multiples, int32', (t) => {
  const details = (value: number, schema: Parameters<typeof validateValue>[1]) =>
    validateValue(value, schema, 'x').map(({ detail }) => detail);
  const bounds = { type: 'number', minimum: 0, exclusiveMinimum: true, maximum: 2 } as const;
  t.deepEqual(details(2, bounds), []);
  t.deepEqual(details(0, bounds), ['must be greater than 0 and less than or equal to 2']);
  t.deepEqual(details(0.3, { type: 'number', multipleOf: 0.1 }), []);
  t.deepEqual(details(0.25, { type: 'number', multipleOf: 0.1 }), ['must be a multiple of 0.1']);
  t.deepEqual(details(2 ** 31, { type: 'integer', format: 'int32' }), [
    'must be a number of the int32 format',
  ]);
});

test('junctors judge the value', (t) => {
  const errors = (value: unknown, schema: Parameters<typeof validateValue>[1]) =>
    validateValue(value, schema, 'x').length;
  const even = { multipleOf: 2 };
  const small = { maximum: 10 };
  t.is(errors(4, { type: 'integer', allOf: [even, small] }), 0);
  t.is(errors(13, { type: 'integer', allOf: [even, small] }), 2);
  t.is(errors(13, { type: 'integer', anyOf: [even, small] }), 1);
  t.is(errors(3, { type: 'integer', oneOf: [even, small] }), 0);
  t.is(errors(4, { type: 'integer', oneOf: [even, small] }), 1);
  t.is(errors(4, { type: 'integer', not: even }), 1);
});
