import type { Environment } from '@marcbachmann/cel-js';
import { ExactQuantity } from '../../../lib/exact-quantity.ts';

const SYNC = { async: false };

/** Source: apiserver/pkg/cel/library/quantity.go */
export function addQuantities(environment: Environment): void {
  environment
    .registerType('Quantity', ExactQuantity)
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
}
