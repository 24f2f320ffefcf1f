const SUFFIXES: Readonly<Record<string, number>> = {
  '': 1,
  m: 1e-3,
  k: 1e3,
  M: 1e6,
  G: 1e9,
  T: 1e12,
  Ki: 2 ** 10,
  Mi: 2 ** 20,
  Gi: 2 ** 30,
  Ti: 2 ** 40,
};

/** The shape of a positive Kubernetes resource quantity as Holt takes it: `500m`, `2`, `1.5Gi`. */
export const QUANTITY_PATTERN =
  /^(0*[1-9]\d*(\.\d+)?|0*\.\d*[1-9]\d*|0+\.\d*[1-9]\d*)(m|k|M|G|T|Ki|Mi|Gi|Ti)?$/;

/**
 * The number a quantity stands for (bytes for memory, cores for cpu).
 * Source: kubernetes.io/docs/reference/kubernetes-api/common-definitions/quantity
 * @throws RangeError when it is not a positive quantity
 */
export function parseQuantity(quantity: string): number {
  if (!QUANTITY_PATTERN.test(quantity))
    throw new RangeError(`not a positive quantity: ${JSON.stringify(quantity)}`);
  const digits = /^[\d.]+/.exec(quantity)?.[0] ?? '';
  return Number(digits) * (SUFFIXES[quantity.slice(digits.length)] ?? Number.NaN);
}
