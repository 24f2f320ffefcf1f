import type { Environment } from '@marcbachmann/cel-js';
import { ExactQuantity } from '../../../lib/exact-quantity.ts';

const SYNC = { async: false };

/** Source: apiserver/pkg/cel/library/quantity.go */
export function addQuantities(environment: Environment): void {
  environment
    .registerType('Quantity', { ctor: ExactQuantity, fields: {} })
    .registerFunction(
      'isQuantity(string): bool',
      (text: string) => ExactQuantity.parse(text) !== undefined,
      SYNC,
    )
    .registerFunction(
      'quantity(string): Quantity',
      (text: string) => {
        const quantity = ExactQuantity.parse(text);
        if (quantity === undefined)
          throw new RangeError(
            "quantities must match the regular expression '^([+-]?[0-9.]+)([eEinumkKMGTP]*[-+]?[0-9]*)$'",
          );
        return quantity;
      },
      SYNC,
    )
    .registerFunction(
      'Quantity.compareTo(Quantity): int',
      (a: ExactQuantity, b: ExactQuantity) => a.compareTo(b),
      SYNC,
    )
    .registerFunction(
      'Quantity.isGreaterThan(Quantity): bool',
      (a: ExactQuantity, b: ExactQuantity) => a.compareTo(b) === 1n,
      SYNC,
    )
    .registerFunction(
      'Quantity.isLessThan(Quantity): bool',
      (a: ExactQuantity, b: ExactQuantity) => a.compareTo(b) === -1n,
      SYNC,
    )
    .registerOperator('Quantity == Quantity', (a: ExactQuantity, b: ExactQuantity) => a.nanos === b.nanos);
  addArithmetic(environment);
}

function isInteger({ count }: ExactQuantity): boolean {
  return count !== undefined && BigInt.asIntN(64, count) === count;
}

function asInteger(quantity: ExactQuantity): bigint {
  if (quantity.count === undefined || !isInteger(quantity))
    throw new RangeError('cannot convert value to integer');
  return quantity.count;
}

function addArithmetic(environment: Environment): void {
  environment
    .registerFunction(
      'Quantity.sign(): int',
      (each: ExactQuantity) => each.compareTo(ExactQuantity.zero),
      SYNC,
    )
    .registerFunction('Quantity.isInteger(): bool', isInteger, SYNC)
    .registerFunction('Quantity.asInteger(): int', asInteger, SYNC)
    .registerFunction(
      'Quantity.asApproximateFloat(): double',
      ({ nanos }: ExactQuantity) => Number(nanos) / 1e9,
      SYNC,
    );
  for (const [name, apply] of [
    ['add', (a: ExactQuantity, b: ExactQuantity) => a.plus(b)],
    ['sub', (a: ExactQuantity, b: ExactQuantity) => a.minus(b)],
  ] as const) {
    environment
      .registerFunction(`Quantity.${name}(Quantity): Quantity`, apply, SYNC)
      .registerFunction(
        `Quantity.${name}(int): Quantity`,
        (a: ExactQuantity, b: bigint) => apply(a, ExactQuantity.ofCount(b)),
        SYNC,
      );
  }
}
