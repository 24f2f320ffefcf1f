import { InvalidTokenError } from '../token-authenticator.ts';

/** Why a token of an OpenID Connect issuer counts for nothing, as metrics tell it. */
export type OidcRefusal =
  | 'malformed'
  | 'expired'
  | 'not-yet-valid'
  | 'audience'
  | 'algorithm'
  | 'no-keys'
  | 'unknown-key'
  | 'signature'
  | 'claims'
  | 'rule'
  | 'reserved-name';

/** The message is in words of this server: nothing of a library's or of the network's is in it. */
export class OidcTokenError extends InvalidTokenError {
  readonly refusal: OidcRefusal;

  constructor(refusal: OidcRefusal, message: string, options?: ErrorOptions) {
    super(`oidc: ${message}`, options);
    this.refusal = refusal;
  }
}
