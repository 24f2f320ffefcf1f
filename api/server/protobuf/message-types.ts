const SCALAR_KINDS = [
  ...(['string', 'int32', 'int64', 'bool'] as const),
  ...(['time', 'microTime', 'quantity', 'intOrString', 'stringList', 'rawJson'] as const),
] as const;

/**
 * How a field stands in JSON where it is no object of its own. The second row are messages on the wire that JSON
 * writes as a scalar (or, for `stringList` and `rawJson`, as a plain list or any value).
 */
export type ScalarKind = (typeof SCALAR_KINDS)[number];

/**
 * A protobuf field. `kind` is a scalar or the name of another message; `map` has string keys.
 * `keepsZero`: the field is a pointer in Go, so that zero is a value and not an absence.
 */
export interface MessageField {
  readonly name: string;
  readonly number: number;
  readonly kind: ScalarKind | { readonly message: string };
  readonly shape: 'single' | 'repeated' | 'map';
  readonly keepsZero: boolean;
}

/** A message: its fields, and how to find them by name and by number. */
export interface MessageType {
  readonly byNumber: ReadonlyMap<number, MessageField>;
  readonly byName: ReadonlyMap<string, MessageField>;
}

const scalarKinds: ReadonlySet<string> = new Set(SCALAR_KINDS);

function isScalar(kind: string): kind is ScalarKind {
  return scalarKinds.has(kind);
}

/**
 * Reads a message written as `name:number kind` words, e.g. `labels:11 map<string>`; `[]Kind` repeats, `*kind` is a
 * pointer in Go, a capitalised kind is another message.
 * @throws SyntaxError for a line in another form
 */
export function messageType(fields: readonly string[]): MessageType {
  const parsed = fields.map(parseField);
  return {
    byNumber: new Map(parsed.map((field) => [field.number, field])),
    byName: new Map(parsed.map((field) => [field.name, field])),
  };
}

function parseField(text: string): MessageField {
  const match = /^(\w+):(\d+) (?:(\[\]|\*)?(\w+)|map<(\w+)>)$/.exec(text);
  if (match === null) throw new SyntaxError(`not a message field: ${JSON.stringify(text)}`);
  const [, name = '', number = '', prefix, single, mapped] = match;
  const kind = single ?? mapped ?? '';
  return {
    name,
    number: Number(number),
    kind: isScalar(kind) ? kind : { message: kind },
    shape: mapped !== undefined ? 'map' : prefix === '[]' ? 'repeated' : 'single',
    keepsZero: prefix === '*',
  };
}
