/** One alternative of an `Accept` header. */
export interface MediaRange {
  /** Lower case, e.g. `application/json`. */
  readonly type: string;
  /** Without `q`. */
  readonly parameters: Readonly<Record<string, string | undefined>>;
}

/** The alternatives of an `Accept` header, the best liked first; those with q=0 are left out. Empty means anything. */
export function parseAccept(header: string | undefined): MediaRange[] {
  return (header ?? '')
    .split(',')
    .map((part) => part.trim())
    .filter((part) => part !== '')
    .map(parseRange)
    .filter(({ quality }) => quality > 0)
    .toSorted((a, b) => b.quality - a.quality)
    .map(({ type, parameters }) => ({ type, parameters }));
}

function parseRange(part: string): MediaRange & { quality: number } {
  const [type = '', ...fields] = part.split(';').map((field) => field.trim());
  const pairs = fields.map((field): [string, string] => {
    const [name = '', ...value] = field.split('=');
    return [name.trim().toLowerCase(), value.join('=').trim().replaceAll('"', '')];
  });
  const { q, ...parameters } = Object.fromEntries(pairs);
  const quality = q === undefined ? 1 : Number(q);
  return { type: type.toLowerCase(), parameters, quality: Number.isNaN(quality) ? 0 : quality };
}
