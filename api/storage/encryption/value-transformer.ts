import { createCipheriv, createDecipheriv, randomBytes } from 'node:crypto';
import { z } from 'zod';

/** Between the bytes of an object and those that stand in etcd under `key`. */
export interface ValueTransformer {
  /** The bytes for etcd. */
  seal(key: string, plain: Buffer): Buffer;
  /** The object's bytes; those of etcd unchanged where they cannot be read, so that only this object fails. */
  open(key: string, stored: Buffer): Buffer;
  /** Whether `seal` would not make it so today: in clear, or under a key that is no longer the first. */
  isStale(key: string, stored: Buffer): boolean;
}

const ALGORITHM = 'aes-256-gcm';
const NONCE_BYTES = 12;
const TAG_BYTES = 16;
const MARK = Buffer.from('holt:enc:aesgcm:v1:');

const keysSchema = z.object({
  /** The first writes, all read. */
  keys: z
    .array(
      z.object({
        id: z.string().regex(/^[a-z0-9-]{1,63}$/, 'must be 1-63 of a-z, 0-9 and "-"'),
        secret: z.base64().refine((text) => Buffer.from(text, 'base64').length === 32, 'must be 32 bytes'),
      }),
    )
    .min(1),
});

/** A key of values at rest. */
export interface EncryptionKey {
  readonly id: string;
  /** 32 bytes. */
  readonly secret: Buffer;
}

/**
 * The keys of an encryption file, `{"keys":[{"id":"...","secret":"<base64 of 32 bytes>"}]}`.
 * @throws Error that names what is wrong, never a secret
 */
export function parseEncryptionKeys(text: string): readonly EncryptionKey[] {
  let json: unknown;
  try {
    json = JSON.parse(text);
  } catch {
    throw new Error('the encryption keys are no JSON');
  }
  const parsed = keysSchema.safeParse(json);
  if (!parsed.success) {
    const [issue] = parsed.error.issues;
    throw new Error(`the encryption keys: ${issue?.path.join('.')}: ${issue?.message}`);
  }
  const keys = parsed.data.keys.map(({ id, secret }) => ({ id, secret: Buffer.from(secret, 'base64') }));
  if (new Set(keys.map(({ id }) => id)).size < keys.length)
    throw new Error('the encryption keys: an id stands twice');
  return keys;
}

/** The id and what follows it. */
function split(stored: Buffer): { id: string; rest: Buffer } {
  const end = stored.indexOf(0x3a, MARK.length);
  return { id: stored.subarray(MARK.length, end).toString(), rest: stored.subarray(end + 1) };
}

function isSealed(stored: Buffer): boolean {
  return stored.subarray(0, MARK.length).equals(MARK);
}

function decrypt(secret: Buffer, key: string, rest: Buffer): Buffer {
  const decipher = createDecipheriv(ALGORITHM, secret, rest.subarray(0, NONCE_BYTES));
  decipher.setAAD(Buffer.from(key));
  decipher.setAuthTag(rest.subarray(-TAG_BYTES));
  return Buffer.concat([decipher.update(rest.subarray(NONCE_BYTES, -TAG_BYTES)), decipher.final()]);
}

/**
 * AES-256-GCM for the keys below the prefixes; everything else stays as it is. The etcd key is authenticated with
 * the value, so that a value moved to another object's key does not open. Values in clear are still read.
 * @param keys asked at each use: new keys hold at once
 */
export function createAesGcmTransformer(
  prefixes: readonly string[],
  keys: () => readonly EncryptionKey[],
): ValueTransformer {
  const isOurs = (key: string) => prefixes.some((prefix) => key.startsWith(prefix));
  return {
    seal(key, plain) {
      const [first] = keys();
      if (!isOurs(key) || first === undefined) return plain;
      const nonce = randomBytes(NONCE_BYTES);
      const cipher = createCipheriv(ALGORITHM, first.secret, nonce);
      cipher.setAAD(Buffer.from(key));
      const sealed = [cipher.update(plain), cipher.final(), cipher.getAuthTag()];
      return Buffer.concat([MARK, Buffer.from(`${first.id}:`), nonce, ...sealed]);
    },
    open(key, stored) {
      if (!isOurs(key) || !isSealed(stored)) return stored;
      const { id, rest } = split(stored);
      const known = keys().find((each) => each.id === id);
      if (known === undefined) return stored;
      try {
        return decrypt(known.secret, key, rest);
      } catch {
        return stored;
      }
    },
    isStale(key, stored) {
      return isOurs(key) && (!isSealed(stored) || split(stored).id !== keys()[0]?.id);
    },
  };
}
