import { z } from 'zod';

/**
 * The longest quantity that is taken. A pattern is tried on a text of bounded length only: the time of these grows
 * with the square of it.
 */
const LENGTH_MAX = 32;

/** A positive decimal number, then a unit. The shapes are those of `QUANTITY_PATTERN` in lib/quantity.ts. */
function quantityPattern(units: string): RegExp {
  return new RegExp(`^(0*[1-9]\\d*(\\.\\d+)?|0*\\.\\d*[1-9]\\d*)(${units})?$`);
}

/** An amount of memory or disk. Bytes have no thousandths, so there is no `m`. */
export const byteQuantity = z
  .string()
  .max(LENGTH_MAX)
  .regex(quantityPattern('k|M|G|T|Ki|Mi|Gi|Ti'), 'must be a positive quantity such as "512Mi" or "2Gi"');

/** An amount of cores. */
export const cpuQuantity = z
  .string()
  .max(LENGTH_MAX)
  .regex(quantityPattern('m'), 'must be a positive number of cores such as "500m" or "2"');
