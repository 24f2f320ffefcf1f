import type { Clock } from '../../../../lib/clock.ts';
import type { TokenAuthenticator, TokenIdentity } from '../token-authenticator.ts';
import type { ClaimMapper } from './claim-mapper.ts';
import type { IssuerKeys } from './issuer-keys.ts';
import { type OidcRefusal, OidcTokenError } from './oidc-token-error.ts';
import { verifySignature } from './signature.ts';
import { checkAlgorithm, checkRegisteredClaims, type TokenParts, tokenParts } from './token-parts.ts';

export interface OidcAuthenticatorOptions {
  /** `iss` of its tokens. */
  readonly issuer: string;
  /** Those that this server goes by at the issuer. */
  readonly audiences: readonly string[];
  /** Those that this server goes by in reviews: a good token is for all of them. */
  readonly apiAudiences: readonly string[];
  readonly keys: IssuerKeys;
  readonly mapper: ClaimMapper;
  readonly clock: Clock;
  /** Told of each token of this issuer. */
  readonly onResult: (result: 'success' | OidcRefusal) => void;
}

/**
 * Knows the ID tokens of one OpenID Connect issuer.
 * Source: k8s.io/apiserver/plugin/pkg/authenticator/token/oidc/oidc.go
 */
export class OidcAuthenticator implements TokenAuthenticator {
  readonly #options: OidcAuthenticatorOptions;

  constructor(options: OidcAuthenticatorOptions) {
    this.#options = options;
  }

  async authenticate(token: string, audiences: readonly string[]): Promise<TokenIdentity | undefined> {
    const { issuer, onResult } = this.#options;
    const parts = tokenParts(token);
    if (parts === undefined || parts.issuer !== issuer) return undefined;
    try {
      const identity = await this.#verify(token, parts, audiences);
      onResult('success');
      return identity;
    } catch (error) {
      const refused =
        error instanceof OidcTokenError
          ? error
          : new OidcTokenError('malformed', 'the token cannot be used', { cause: error });
      onResult(refused.refusal);
      throw refused;
    }
  }

  async #verify(token: string, parts: TokenParts, wanted: readonly string[]): Promise<TokenIdentity> {
    const { audiences, apiAudiences, keys, mapper, clock } = this.#options;
    const common = wanted.length === 0 ? apiAudiences : apiAudiences.filter((one) => wanted.includes(one));
    if (wanted.length > 0 && common.length === 0)
      throw new OidcTokenError(
        'audience',
        `tokens of this issuer are for the audiences ${JSON.stringify(apiAudiences)} of this server, not for ${JSON.stringify(wanted)}`,
      );
    checkAlgorithm(token);
    checkRegisteredClaims(parts.claims, audiences, clock.nowMs());
    const signed = await verifySignature(token, keys);
    if (!parts.payload.equals(signed))
      throw new OidcTokenError('malformed', 'the payload is not what was signed');
    return { user: mapper(parts.claims), audiences: common };
  }
}
