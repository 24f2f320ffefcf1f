const DIGEST = /sha256:[0-9a-f]{64}/g;

/**
 * Every digest that stands anywhere in a value: whatever field a GuestImage or a VM names an artifact by, it counts.
 * Digests of files are among them and do no harm: no artifact has their name.
 */
export function digestsIn(value: unknown): ReadonlySet<string> {
  const text = typeof value === 'string' ? value : (JSON.stringify(value) ?? '');
  return new Set(text.match(DIGEST));
}
