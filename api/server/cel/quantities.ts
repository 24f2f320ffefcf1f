import type { Environment } from '@marcbachmann/cel-js';

const SYNC = { async: false };

/** Powers of ten or of two, by suffix. Source: k8s.io/apimachinery/pkg/api/resource/suffix.go */
const DECIMAL = ['n', 'u', 'm', '', 'k', 'M', 'G', 'T', 'P', 'E'];
const BINARY = ['Ki', 'Mi', 'Gi', 'Ti', 'Pi', 'Ei'];

/** Digits that are taken; no cost limit sees the work on longer numbers. */
const DIGITS_MAX = 64;

/** An amount, in billionths, so that every one that Kubernetes can tell apart is a whole number. */
class Quantity {
  readonly nanos: bigint;

  constructor(nanos: bigint) {
    this.nanos = nanos;
  }
}

function scaleOf(suffix: string): bigint | undefined {
  const decimal = DECIMAL.indexOf(suffix);
  if (decimal >= 0) return 10n ** BigInt(decimal * 3);
  const binary = BINARY.indexOf(suffix);
  if (binary >= 0) return 2n ** BigInt((binary + 1) * 10) * 10n ** 9n;
  const exponent = /^[eE]([+-]?\d{1,2})$/.exec(suffix)?.[1];
  if (exponent === undefined || Number(exponent) < -9) return undefined;
  return 10n ** BigInt(Number(exponent) + 9);
}

/** Rounds up to whole billionths, as Kubernetes does. */
function parse(text: string): Quantity | undefined {
  const match = /^([+-]?)(\d*)(?:\.(\d*))?([A-Za-z]*|[eE][+-]?\d+)$/.exec(text);
  if (match === null || text.length > DIGITS_MAX) return undefined;
  const [, sign = '', whole = '', fraction = '', suffix = ''] = match;
  const scale = scaleOf(suffix);
  if (scale === undefined || whole + fraction === '') return undefined;
  const unit = 10n ** BigInt(fraction.length);
  const nanos = (BigInt(whole + fraction) * scale + unit - 1n) / unit;
  return new Quantity(sign === '-' ? -nanos : nanos);
}

/** Source: apiserver/pkg/cel/library/quantity.go */
export function addQuantities(environment: Environment): void {
  const compare = (a: Quantity, b: Quantity) => (a.nanos < b.nanos ? -1n : a.nanos > b.nanos ? 1n : 0n);
  environment
    .registerType('Quantity', Quantity)
    .registerFunction('isQuantity(string): bool', (text: string) => parse(text) !== undefined, SYNC)
    .registerFunction(
      'quantity(string): Quantity',
      (text: string) => {
        const quantity = parse(text);
        if (quantity === undefined)
          throw new RangeError(
            "quantities must match the regular expression '^([+-]?[0-9.]+)([eEinumkKMGTP]*[-+]?[0-9]*)$'",
          );
        return quantity;
      },
      SYNC,
    )
    .registerFunction('Quantity.compareTo(Quantity): int', compare, SYNC)
    .registerFunction(
      'Quantity.isGreaterThan(Quantity): bool',
      (a: Quantity, b: Quantity) => compare(a, b) === 1n,
      SYNC,
    )
    .registerFunction(
      'Quantity.isLessThan(Quantity): bool',
      (a: Quantity, b: Quantity) => compare(a, b) === -1n,
      SYNC,
    )
    .registerOperator('Quantity == Quantity', (a: Quantity, b: Quantity) => a.nanos === b.nanos);
}
