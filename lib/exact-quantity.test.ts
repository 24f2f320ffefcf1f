import test from 'ava';
import { ExactQuantity } from './exact-quantity.ts';

function parse(text: string): ExactQuantity {
  const quantity = ExactQuantity.parse(text);
  if (quantity === undefined) throw new RangeError(`no quantity: ${text}`);
  return quantity;
}

// Source: TestQuantityParse and TestQuantityString in k8s.io/apimachinery/pkg/api/resource/quantity_test.go
for (const [written, canonical] of [
  ['0', '0'],
  ['0Ki', '0'],
  ['1000m', '1'],
  ['0.5', '500m'],
  ['.001', '1m'],
  ['1000', '1k'],
  ['1100', '1100'],
  ['1024Mi', '1Gi'],
  ['1536Mi', '1536Mi'],
  ['1.5Gi', '1536Mi'],
  ['512Ki', '512Ki'],
  ['0.5Ki', '512'],
  ['1.0001Ki', '1024102400u'],
  ['1e3', '1e3'],
  ['1E3', '1e3'],
  ['12e1', '120'],
  ['1e-3', '1e-3'],
  ['1e-12', '1e-9'],
  ['1E', '1E'],
  ['1000E', '1000E'],
  ['-2.5Gi', '-2560Mi'],
  ['+1', '1'],
] as const) {
  test(`${written} is written ${canonical}`, (t) => {
    t.is(parse(written).toString(), canonical);
    t.is(parse(canonical).toString(), canonical);
  });
}

test('what is no quantity is none', (t) => {
  for (const text of ['', '.', '1Q', 'much', '1 Gi', '--1', '1e', '1e100', '1'.repeat(65)])
    t.is(ExactQuantity.parse(text), undefined, text);
});

test('sums are exact, and written as their first part is', (t) => {
  t.is(parse('100m').plus(parse('200m')).compareTo(parse('0.3')), 0n);
  t.is(parse('1Gi').plus(parse('512M')).toString(), '1548576Ki');
  t.is(parse('512M').plus(parse('1Gi')).toString(), '1585741824');
  t.is(ExactQuantity.zero.plus(parse('1Gi')).plus(parse('512Mi')).toString(), '1536Mi');
  t.is(ExactQuantity.ofCount(1_000).plus(ExactQuantity.one).toString(), '1001');
});

test('an excess is never less than nothing', (t) => {
  t.is(parse('2Gi').excessOver(parse('1536Mi')).toString(), '512Mi');
  t.true(parse('1').excessOver(parse('2')).isZero);
  t.is(parse('1').compareTo(parse('2')), -1n);
});
