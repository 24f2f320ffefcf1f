/** What one benchmark measured of one server, by what it is of; each a rate, so that more is better. */
export type Figures = ReadonlyMap<string, number>;

/** One line for each of Holt's figures, with its ratio to the same figure of others. */
export function compareFigures(
  own: Figures,
  others: Readonly<Record<string, Figures | undefined>>,
): readonly string[] {
  return [...own].map(([what, rate]) => {
    const ratios = Object.entries(others).flatMap(([name, figures]) => {
      const other = figures?.get(what);
      if (other === undefined) return [];
      return [`${name} ${format(other)}/s: ratio ${(rate / other).toFixed(2)}`];
    });
    return [`${what}: ${format(rate)}/s`, ...ratios].join(', ');
  });
}

function format(rate: number): string {
  return rate >= 100 ? rate.toFixed(0) : rate.toFixed(1);
}
