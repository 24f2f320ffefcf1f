import test from 'ava';
import fc from 'fast-check';
import { parseQuantity } from '../../lib/quantity.ts';
import { byteQuantity, cpuQuantity } from './quantities.ts';

test('what is taken', (t) => {
  for (const text of ['512Mi', '2Gi', '1', '1073741824', '1.5Gi', '0.5Gi', '.5Gi', '100M']) {
    t.true(byteQuantity.safeParse(text).success, text);
  }
  for (const text of ['500m', '2', '0.5', '1.25']) t.true(cpuQuantity.safeParse(text).success, text);
});

test('what is refused', (t) => {
  for (const text of [
    '',
    '0',
    '0Gi',
    '-1Gi',
    '1gb',
    '1 Gi',
    '500m',
    'Gi',
    '1.Gi',
    '1e3',
    `${'1'.repeat(40)}Gi`,
  ]) {
    t.false(byteQuantity.safeParse(text).success, text);
  }
  for (const text of ['0', '0m', '-1', '256Mi', '1.']) t.false(cpuQuantity.safeParse(text).success, text);
});

test('whatever is taken can be parsed', (t) => {
  const text = fc.tuple(
    fc.stringMatching(/^[0-9]{0,4}(\.[0-9]{0,3})?$/),
    fc.constantFrom('', 'm', 'k', 'M', 'Ki', 'Gi', 'Ti'),
  );
  fc.assert(
    fc.property(text, ([digits, unit]) => {
      const quantity = `${digits}${unit}`;
      if (!byteQuantity.safeParse(quantity).success && !cpuQuantity.safeParse(quantity).success) return;
      t.true(parseQuantity(quantity) > 0, quantity);
    }),
  );
});
