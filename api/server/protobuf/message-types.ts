const SCALAR_KINDS = [
  ...(['string', 'int32', 'int64', 'double', 'bool'] as const),
  ...(['time', 'microTime', 'quantity', 'intOrString', 'stringList', 'rawJson'] as const),
  'bytes',
] as const;

/**
 * How a field stands in JSON where it is no object of its own. The second row are messages on the wire that JSON
 * writes as a scalar (or, for `stringList` and `rawJson`, as a plain list or any value); `bytes` are base64 in JSON.
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

/** Messages by name, the fields of each as `messageRegistry` reads them. */
export type MessageTexts = Readonly<Record<string, readonly string[]>>;

/** Messages by name: where nested messages are looked up. */
export type MessageRegistry = ReadonlyMap<string, MessageType>;

/**
 * Reads messages whose fields are written as `name:number kind`, e.g. `labels:11 map<string>`; `[]Kind` repeats,
 * `*kind` is a pointer in Go, any kind that is no scalar is another message of the registry.
 * @throws SyntaxError for a field in another form, and for a kind that is not there
 */
export function messageRegistry(messages: MessageTexts): MessageRegistry {
  const registry = new Map(Object.entries(messages).map(([name, fields]) => [name, messageType(fields)]));
  for (const [name, { byName }] of registry) {
    for (const { kind, name: field } of byName.values()) {
      if (typeof kind !== 'object' || registry.has(kind.message)) continue;
      throw new SyntaxError(`${name}.${field}: message ${kind.message} is not there`);
    }
  }
  return registry;
}

/** The message of that name. @throws SyntaxError when it is not in the registry */
export function lookUpMessage(registry: MessageRegistry, name: string): MessageType {
  const type = registry.get(name);
  if (type === undefined) throw new SyntaxError(`message ${name} is not there`);
  return type;
}

function messageType(fields: readonly string[]): MessageType {
  const parsed = fields.map(parseField);
  return {
    byNumber: new Map(parsed.map((field) => [field.number, field])),
    byName: new Map(parsed.map((field) => [field.name, field])),
  };
}

function parseField(text: string): MessageField {
  const match = /^([\w$-]+):(\d+) (?:(\[\]|\*)?(\w+)|map<(\w+)>)$/.exec(text);
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
