import type { User } from './user.ts';

/** What a bearer token turned out to be. */
export interface TokenIdentity {
  readonly user: User;
  /** Those of the token that were asked for. */
  readonly audiences: readonly string[];
}

/** Why a token counts for nothing; the reason is for the log and for token reviews. */
export class InvalidTokenError extends Error {
  constructor(message: string, options?: ErrorOptions) {
    super(message, options);
    this.name = 'InvalidTokenError';
  }
}

/** One way to know who a token is from. */
export interface TokenAuthenticator {
  /**
   * Undefined for a token of another issuer. `audiences`: those that count; empty: the server's own.
   * @throws InvalidTokenError for a token of this issuer that is not good, StorageError
   */
  authenticate(token: string, audiences: readonly string[]): Promise<TokenIdentity | undefined>;
}
