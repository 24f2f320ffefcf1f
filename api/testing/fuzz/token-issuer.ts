import { pino } from 'pino';
import { Registry } from 'prom-client';
import { systemClock } from '../../../lib/clock.ts';
import { oidcSchema } from '../../../lib/oidc/oidc-config.ts';
import { OidcIssuers } from '../../server/auth/oidc/oidc-issuers.ts';
import type { TokenAuthenticator } from '../../server/auth/token-authenticator.ts';
import { TEST_ISSUER } from '../test-api.ts';

/** Nobody listens there: tokens get as far as the search for their key. */
export const FUZZ_ISSUER = 'https://127.0.0.1:1';

/** What takes tokens of the fuzzer's issuer apart. */
export function fuzzTokens(): readonly TokenAuthenticator[] {
  const issuers = oidcSchema.parse([
    {
      issuer: { url: FUZZ_ISSUER, audiences: ['holt'] },
      claimMappings: { username: { claim: 'sub', prefix: 'oidc:' } },
    },
  ]);
  const oidc = new OidcIssuers({
    ...{ issuers, apiAudiences: [TEST_ISSUER], clock: systemClock, registry: new Registry() },
    logger: pino({ level: 'silent' }),
    signal: new AbortController().signal,
  });
  return [oidc];
}
