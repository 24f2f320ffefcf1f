import { type CryptoKey, compactVerify, errors, type LocalJWKSet } from 'jose';
import type { IssuerKeys } from './issuer-keys.ts';
import { OidcTokenError } from './oidc-token-error.ts';
import { ALGORITHMS } from './token-parts.ts';

const OPTIONS = { algorithms: ALGORITHMS };

async function tryEach(token: string, keys: AsyncIterable<CryptoKey>): Promise<Uint8Array> {
  for await (const key of keys) {
    const verified = await compactVerify(token, key, OPTIONS).catch(() => undefined);
    if (verified !== undefined) return verified.payload;
  }
  throw new errors.JWSSignatureVerificationFailed();
}

/** @returns what was signed @throws JOSEError, TypeError or others of the platform, by what is wrong */
async function verifyWith(keys: LocalJWKSet, token: string): Promise<Uint8Array> {
  try {
    return (await compactVerify(token, keys, OPTIONS)).payload;
  } catch (error) {
    // A token need not name its key, and names may stand for several.
    if (error instanceof errors.JWKSMultipleMatchingKeys) return tryEach(token, error);
    throw error;
  }
}

function refusal(error: unknown): OidcTokenError {
  const options = { cause: error };
  if (error instanceof errors.JWKSNoMatchingKey)
    return new OidcTokenError('unknown-key', 'the issuer has no key of that key ID and algorithm', options);
  return new OidcTokenError('signature', 'failed to verify id token signature', options);
}

/**
 * Verifies a token's signature. When no key fits, the issuer is asked for other keys, as often as `keys` lets.
 * @returns the bytes that were signed
 * @throws OidcTokenError
 */
export async function verifySignature(token: string, keys: IssuerKeys): Promise<Uint8Array> {
  const known = await keys.current();
  if (known === undefined)
    throw new OidcTokenError(
      'no-keys',
      "the issuer's keys could not be fetched yet: see the log of holt-api",
    );
  try {
    return await verifyWith(known, token);
  } catch (error) {
    const others = await keys.otherThan(known);
    if (others === undefined) throw refusal(error);
    return await verifyWith(others, token).catch((again: unknown) => {
      throw refusal(again);
    });
  }
}
