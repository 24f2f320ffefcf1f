import { ApiFailure } from '../api-failure.ts';

/** Reads a JSON value into the form that the VMM keeps. Throws a `DeserializeError`. */
export type Read = (value: unknown) => unknown;

/** A value of the wrong form, in serde's words. */
export class DeserializeError extends Error {}

/** Marks an absent field. */
const absent = Symbol('absent');

export interface Field {
  readonly read: Read;
  /** Value of an absent field; `absent` where it is left out then; undefined where it must be there. */
  readonly fallback?: unknown;
}

/** A field that must be there. */
export const required = (read: Read): Field => ({ read });
/** A field with a value of its own where it is absent (null is refused, as for a plain Rust field). */
export const withDefault = (read: Read, fallback: unknown): Field => ({ read, fallback });
/** A field that may be absent or null, and is left out of what the VMM shows then. */
export const optional = (read: Read): Field => ({
  read: (value) => (value === null ? absent : read(value)),
  fallback: absent,
});

/** An object of which only the listed fields are kept, in the listed order. */
export function struct(name: string, fields: Readonly<Record<string, Field>>): Read {
  return (value) => {
    if (typeof value !== 'object' || value === null || Array.isArray(value)) {
      throw new DeserializeError(`invalid type: ${nameOf(value)}, expected struct ${name}`);
    }
    const given = value as Record<string, unknown>;
    const result: Record<string, unknown> = {};
    for (const key of Object.keys(given)) {
      const field = fields[key];
      if (field !== undefined) result[key] = field.read(given[key]);
    }
    const ordered: Record<string, unknown> = {};
    for (const [key, field] of Object.entries(fields)) {
      const read = key in result ? result[key] : field.fallback;
      if (read === undefined) throw new DeserializeError(`missing field \`${key}\``);
      if (read !== absent) ordered[key] = read;
    }
    return ordered;
  };
}

export function unsigned(bits: 8 | 16 | 32 | 64): Read {
  return (value) => {
    if (typeof value !== 'number')
      throw new DeserializeError(`invalid type: ${nameOf(value)}, expected u${bits}`);
    if (!Number.isInteger(value))
      throw new DeserializeError(`invalid type: ${nameOf(value)}, expected u${bits}`);
    if (value < 0 || value >= 2 ** bits)
      throw new DeserializeError(`invalid value: ${nameOf(value)}, expected u${bits}`);
    return value;
  };
}

export const boolean: Read = (value) => {
  if (typeof value !== 'boolean')
    throw new DeserializeError(`invalid type: ${nameOf(value)}, expected a boolean`);
  return value;
};

export function string(expected: 'a string' | 'path string' = 'a string'): Read {
  return (value) => {
    if (typeof value !== 'string')
      throw new DeserializeError(`invalid type: ${nameOf(value)}, expected ${expected}`);
    return value;
  };
}

export function variant(...names: string[]): Read {
  return (value) => {
    if (typeof value !== 'string')
      throw new DeserializeError(`invalid type: ${nameOf(value)}, expected variant identifier`);
    if (names.includes(value)) return value;
    const quoted = names.map((name) => `\`${name}\``);
    const list = names.length === 2 ? quoted.join(' or ') : `one of ${quoted.join(', ')}`;
    throw new DeserializeError(`unknown variant \`${value}\`, expected ${list}`);
  };
}

export function sequence(read: Read): Read {
  return (value) => {
    if (!Array.isArray(value))
      throw new DeserializeError(`invalid type: ${nameOf(value)}, expected a sequence`);
    return value.map(read);
  };
}

/** Kept as it came: parts of the configuration that have no effect here. */
export const anything: Read = (value) => value;

/**
 * Parses a body as serde_json would. Where in the text the fault is, is not said.
 * @throws ApiFailure 400
 */
export function deserialize(text: string, read: Read): unknown {
  try {
    return read(JSON.parse(text));
  } catch (error) {
    if (!(error instanceof DeserializeError || error instanceof SyntaxError)) throw error;
    throw new ApiFailure(400, ['Failed to deserialize JSON', error.message]);
  }
}

/** serde's name of an unexpected value. */
function nameOf(value: unknown): string {
  if (value === null) return 'null';
  if (Array.isArray(value)) return 'sequence';
  if (typeof value === 'number')
    return Number.isInteger(value) ? `integer \`${value}\`` : `floating point \`${value}\``;
  if (typeof value === 'boolean') return `boolean \`${value}\``;
  if (typeof value === 'string') return `string ${JSON.stringify(value)}`;
  return 'map';
}
