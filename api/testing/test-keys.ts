import { generateKeyPairSync } from 'node:crypto';
import { parseServiceAccountKeys, type ServiceAccountKeys } from '../server/auth/service-account/key-set.ts';

/** A fresh EC key pair, PEM. */
export function createKeyPem(): { readonly privateKey: string; readonly publicKey: string } {
  return generateKeyPairSync('ec', {
    namedCurve: 'P-256',
    privateKeyEncoding: { type: 'pkcs8', format: 'pem' },
    publicKeyEncoding: { type: 'spki', format: 'pem' },
  });
}

/** Fresh keys of service-account tokens. */
export function createTestKeys(): ServiceAccountKeys {
  const { privateKey, publicKey } = createKeyPem();
  return parseServiceAccountKeys(privateKey, publicKey);
}
