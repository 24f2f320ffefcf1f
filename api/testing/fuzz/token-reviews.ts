import fc from 'fast-check';
import { TEST_ISSUER } from '../test-api.ts';
import { mutated, mutatedObject, mutatedText } from './mutate.ts';
import type { RawRequest } from './raw-connection.ts';
import { FUZZ_ISSUER } from './token-issuer.ts';

const BEARERS = [
  { header: { alg: 'ES256', kid: 'k' }, claims: { iss: FUZZ_ISSUER, aud: 'holt', exp: 4e9, sub: 'a' } },
  {
    header: { alg: 'RS256', crit: ['b64'], b64: false },
    claims: { iss: FUZZ_ISSUER, aud: ['holt'], exp: 4e9 },
  },
  { header: { alg: 'none' }, claims: { iss: FUZZ_ISSUER, aud: [], exp: '1', nbf: 1e300 } },
  {
    header: { alg: 'ES256', kid: 'k' },
    claims: { iss: TEST_ISSUER, 'kubernetes.io': { namespace: 'default' } },
  },
] as const;
const part = (value: object) => Buffer.from(JSON.stringify(value));
const tokenTexts = fc.constantFrom(...BEARERS).chain(({ header, claims }) =>
  fc
    .tuple(
      fc.oneof(fc.constant(part(header)), mutatedObject([header]), mutated([part(header)])),
      fc.oneof(fc.constant(part(claims)), mutatedObject([claims]), mutated([part(claims)])),
      fc.uint8Array({ maxLength: 64 }).map((bytes) => Buffer.from(bytes)),
    )
    .map((parts) => parts.map((bytes) => bytes.toString('base64url')).join('.')),
);
/** Tokens in reviews: in a header a certificate would come before them. */
export const tokens = fc
  .tuple(
    fc.oneof(
      tokenTexts,
      tokenTexts,
      tokenTexts.chain((text) => mutatedText([text])),
    ),
    fc.boolean(),
  )
  .map(([token, isForVault]): RawRequest => {
    const spec = { token, ...(isForVault ? { audiences: ['vault', 7] } : {}) };
    return {
      method: 'POST',
      path: '/apis/authentication.k8s.io/v1/tokenreviews',
      headers: [['Content-Type', 'application/json']],
      body: part({ apiVersion: 'authentication.k8s.io/v1', kind: 'TokenReview', spec }),
    };
  });
