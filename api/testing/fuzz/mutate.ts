import fc from 'fast-check';

/** What decoders stumble over. */
const BITS = [
  '\0',
  '"',
  '\\',
  '{',
  '}',
  '[',
  ']',
  ',',
  ':',
  '\n',
  '\t',
  ' ',
  '-',
  '%',
  '&',
  '=',
  '!',
  '(',
  ')',
  '/',
  '..',
  '%00',
  '%2F',
  '%ff',
  '\ud800',
  '\u2028',
  'é',
  '💥',
  '__proto__',
  'constructor',
  'null',
  'NaN',
  '1e999',
  '-0',
  '~1',
  '&a',
  '*a',
  '!!js',
  '<<',
  'in (',
  'continue',
  '9999999999999999999',
];

const position = fc.double({ min: 0, max: 1, noNaN: true });
const edit = fc.oneof(
  fc.record({ op: fc.constant('insert' as const), at: position, text: fc.constantFrom(...BITS) }),
  fc.record({
    op: fc.constant('bytes' as const),
    at: position,
    bytes: fc.uint8Array({ minLength: 1, maxLength: 6 }),
  }),
  fc.record({ op: fc.constant('cut' as const), at: position, length: fc.nat(20) }),
  fc.record({ op: fc.constant('truncate' as const), at: position }),
  fc.record({
    op: fc.constant('repeat' as const),
    at: position,
    length: fc.nat(20),
    times: fc.integer({ min: 2, max: 30 }),
  }),
  fc.record({ op: fc.constant('flip' as const), at: position, bit: fc.nat(7) }),
);
type Edit = typeof edit extends fc.Arbitrary<infer Value> ? Value : never;

function applyEdit(bytes: Buffer, change: Edit): Buffer {
  const at = Math.floor(change.at * bytes.length);
  const [before, after] = [bytes.subarray(0, at), bytes.subarray(at)];
  switch (change.op) {
    case 'insert':
      return Buffer.concat([before, Buffer.from(change.text), after]);
    case 'bytes':
      return Buffer.concat([before, change.bytes, after]);
    case 'cut':
      return Buffer.concat([before, after.subarray(change.length)]);
    case 'truncate':
      return before;
    case 'repeat': {
      const piece = after.subarray(0, change.length);
      return Buffer.concat([before, ...Array.from({ length: change.times }, () => piece), after]);
    }
    case 'flip': {
      const flipped = Buffer.from(bytes);
      if (at < flipped.length) flipped.writeUInt8(flipped.readUInt8(at) ^ (1 << change.bit), at);
      return flipped;
    }
  }
}

/** One of the seeds, with a few edits. */
export function mutated(seeds: readonly Buffer[]): fc.Arbitrary<Buffer> {
  return fc
    .tuple(fc.constantFrom(...seeds), fc.array(edit, { maxLength: 4 }))
    .map(([seed, edits]) => edits.reduce(applyEdit, seed));
}

/** As `mutated`, of text for a place where only visible characters may stand. */
export function mutatedText(seeds: readonly string[]): fc.Arbitrary<string> {
  return mutated(seeds.map((seed) => Buffer.from(seed))).map((bytes) =>
    [...bytes.toString('latin1')].map((char) => (char < ' ' || char === '\x7f' ? '?' : char)).join(''),
  );
}

/** Values that no field expects. */
const wild = fc.oneof(
  fc.jsonValue({ maxDepth: 3 }),
  fc.constantFrom<unknown>(
    null,
    '',
    0,
    -1,
    1e308,
    2 ** 53,
    true,
    [],
    {},
    [[]],
    '\ud800',
    '\0',
    'x'.repeat(70_000),
  ),
  fc.constantFrom<unknown>('1Gi', '-1', '2020-01-01T00:00:00Z', '../..', 'a/b', { $patch: 'delete' }, [
    { $patch: 'replace' },
  ]),
);

type Tree = Record<string, unknown> | unknown[];

/** Puts a value somewhere into a copy of an object; `picks` choose the way down. */
function put(root: object, picks: readonly number[], value: unknown, key: string): object {
  const copy = structuredClone(root) as Tree;
  let node: Tree = copy;
  for (const pick of picks) {
    const entries: [string, unknown][] = Object.entries(node);
    const [, child] = entries[pick % Math.max(1, entries.length)] ?? [];
    if (typeof child !== 'object' || child === null) break;
    node = child as Tree;
  }
  const keys = Object.keys(node);
  const at = key === '' ? keys[(picks.at(-1) ?? 0) % Math.max(1, keys.length)] : key;
  if (at === undefined) return copy;
  Object.defineProperty(node, at, { value, enumerable: true, configurable: true, writable: true });
  return copy;
}

/** One of the objects, with values where they do not belong; as JSON. */
export function mutatedObject(seeds: readonly object[]): fc.Arbitrary<Buffer> {
  const change = fc.record({
    picks: fc.array(fc.nat(30), { minLength: 1, maxLength: 6 }),
    key: fc.constantFrom('', '', '', '__proto__', 'toString', 'metadata', 'status', 'x'),
    value: wild,
  });
  return fc
    .tuple(fc.constantFrom(...seeds), fc.array(change, { minLength: 1, maxLength: 3 }))
    .map(([seed, changes]) =>
      Buffer.from(
        JSON.stringify(
          changes.reduce<object>((object, { picks, value, key }) => put(object, picks, value, key), seed),
        ),
      ),
    );
}
