import { createHash, createPrivateKey, createPublicKey, type KeyObject } from 'node:crypto';

/** The algorithms of service-account tokens, by the keys that they need. */
export type TokenAlgorithm = 'ES256' | 'RS256';

/** A key that tokens may be signed with. */
export interface VerificationKey {
  /** As kube-apiserver names keys: the SHA-256 of the public key's DER, base64url without padding. */
  readonly keyId: string;
  readonly algorithm: TokenAlgorithm;
  readonly key: KeyObject;
}

/** The keys of service-account tokens: one signs, each of several is good for verifying. */
export interface ServiceAccountKeys {
  readonly signing: VerificationKey;
  readonly verification: ReadonlyMap<string, VerificationKey>;
}

const PUBLIC_KEY_BLOCK = /-----BEGIN PUBLIC KEY-----[\s\S]+?-----END PUBLIC KEY-----/g;

function algorithmOf(key: KeyObject): TokenAlgorithm {
  if (key.asymmetricKeyType === 'rsa') return 'RS256';
  if (key.asymmetricKeyType === 'ec' && key.asymmetricKeyDetails?.namedCurve === 'prime256v1') return 'ES256';
  throw new TypeError('a service-account key must be RSA or EC P-256');
}

function verificationKey(key: KeyObject): VerificationKey {
  const der = key.export({ type: 'spki', format: 'der' });
  const keyId = createHash('sha256').update(der).digest('base64url');
  return { keyId, algorithm: algorithmOf(key), key };
}

/**
 * Reads `sa.key` (one private key, PEM) and `sa.pub` (any number of public keys, PEM). The signing key verifies
 * too, whether or not its public half is in `sa.pub`. To rotate: append the new public key, replace the private
 * key, and drop the old public key when its last token has expired.
 * @throws Error for what is no key, TypeError for a key of another kind
 */
export function parseServiceAccountKeys(
  privatePem: string | Buffer,
  publicPem: string | Buffer,
): ServiceAccountKeys {
  const privateKey = createPrivateKey(privatePem);
  const own = verificationKey(createPublicKey(privateKey));
  const others = publicPem.toString().match(PUBLIC_KEY_BLOCK) ?? [];
  const all = [own, ...others.map((pem) => verificationKey(createPublicKey(pem)))];
  return {
    signing: { ...own, key: privateKey },
    verification: new Map(all.map((one) => [one.keyId, one])),
  };
}
