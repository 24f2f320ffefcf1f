import type { JsonRecord } from '../../../../crds/generate/json-record.ts';
import type { ServiceAccountKeys } from './key-set.ts';

/** Where the provider's document is, below the issuer. */
export const CONFIGURATION_PATH = '/.well-known/openid-configuration';
export const JWKS_PATH = '/openid/v1/jwks';

/**
 * OpenID provider configuration, as far as verifiers of tokens need it.
 * Source: k8s.io/kubernetes/pkg/serviceaccount/openidmetadata.go
 */
export function openIdConfiguration(issuer: string, jwksUri: string, keys: ServiceAccountKeys): JsonRecord {
  const algorithms = new Set([...keys.verification.values()].map(({ algorithm }) => algorithm));
  return {
    issuer,
    jwks_uri: jwksUri,
    response_types_supported: ['id_token'],
    subject_types_supported: ['public'],
    id_token_signing_alg_values_supported: [...algorithms].sort(),
  };
}

/** The public keys as a JSON Web Key Set. */
export function jsonWebKeySet(keys: ServiceAccountKeys): JsonRecord {
  return {
    keys: [...keys.verification.values()].map(({ keyId, algorithm, key }) => ({
      use: 'sig',
      ...key.export({ format: 'jwk' }),
      kid: keyId,
      alg: algorithm,
    })),
  };
}
