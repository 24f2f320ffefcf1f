import type { IncomingMessage } from 'node:http';
import { TLSSocket } from 'node:tls';
import type { Counter } from 'prom-client';
import type { Logger } from '../../../lib/logger.ts';
import { InvalidTokenError, type TokenAuthenticator, type TokenIdentity } from './token-authenticator.ts';
import { type User, userOf } from './user.ts';

/** Says who a request is from: the one seam through which every request goes. */
export interface Authenticator {
  /** The user; undefined for a request without, or with wrong, credentials. @throws StorageError */
  authenticate(request: IncomingMessage): Promise<User | undefined>;
  /** Who a token is from. @throws InvalidTokenError saying why it is not good, StorageError */
  reviewToken(token: string, audiences: readonly string[]): Promise<TokenIdentity>;
}

export interface AuthenticatorOptions {
  /** Asked in order. */
  readonly tokens: readonly TokenAuthenticator[];
  readonly logger: Logger;
  readonly attempts: Counter<'method' | 'result'>;
}

/** RFC 6750: the scheme in any case, one token of the characters that a JWT is made of. */
const BEARER = /^bearer +([A-Za-z0-9\-._~+/]+=*)$/i;

/** Longer than any token of a provider; nobody makes the server parse more. */
const TOKEN_LENGTH_MAX = 16 * 1024;

/** A client certificate first, then the Authorization header. */
export function createAuthenticator({ tokens, logger, attempts }: AuthenticatorOptions): Authenticator {
  const reviewToken = async (token: string, audiences: readonly string[]): Promise<TokenIdentity> => {
    if (token.length > TOKEN_LENGTH_MAX) throw new InvalidTokenError('the token is too long');
    for (const one of tokens) {
      const identity = await one.authenticate(token, audiences);
      if (identity !== undefined) return identity;
    }
    throw new InvalidTokenError('the token is of no issuer that this server trusts');
  };
  const byToken = async (header: string): Promise<User | undefined> => {
    const token = BEARER.exec(header)?.[1];
    if (token === undefined) return undefined;
    try {
      const { user } = await reviewToken(token, []);
      attempts.inc({ method: 'token', result: 'success' });
      return user;
    } catch (error) {
      if (!(error instanceof InvalidTokenError)) throw error;
      attempts.inc({ method: 'token', result: 'failure' });
      logger.warn({ reason: error.message }, 'a bearer token was refused');
      return undefined;
    }
  };
  return {
    reviewToken,
    authenticate: async (request) => {
      const user = request.socket instanceof TLSSocket ? userOf(request.socket) : undefined;
      if (user !== undefined) {
        attempts.inc({ method: 'certificate', result: 'success' });
        return user;
      }
      const { authorization } = request.headers;
      return authorization === undefined ? undefined : byToken(authorization);
    },
  };
}
