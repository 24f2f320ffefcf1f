import { decodeJwt, decodeProtectedHeader, jwtVerify } from 'jose';
import type { ApiObject } from '../../../../crds/meta/meta.ts';
import type { Clock } from '../../../../lib/clock.ts';
import { InvalidTokenError, type TokenAuthenticator, type TokenIdentity } from '../token-authenticator.ts';
import type { User } from '../user.ts';
import {
  BOUND_CLAIMS,
  type BoundClaim,
  claimsSchema,
  serviceAccountGroups,
  serviceAccountUserName,
  type TokenClaims,
} from './claims.ts';
import type { ServiceAccountKeys } from './key-set.ts';
import type { LiveObjects } from './live-objects.ts';

export interface ServiceAccountAuthenticatorOptions {
  /** Read at each token: keys rotate while the server runs. */
  readonly keys: () => ServiceAccountKeys;
  readonly issuer: string;
  /** Audiences that the server answers to. */
  readonly audiences: readonly string[];
  readonly objects: LiveObjects;
  readonly clock: Clock;
}

/** Clocks may differ by this much, and what is being deleted counts this long. Source: go-jose DefaultLeeway. */
const LEEWAY_MS = 60_000;

const EXTRA_PREFIX: Readonly<Record<BoundClaim, string | undefined>> = {
  // A secret's name tells nothing about where the caller runs; upstream leaves it out too.
  secret: undefined,
  node: 'authentication.kubernetes.io/node',
  uservm: 'authentication.holt.dev/uservm',
  sandboxcontainer: 'authentication.holt.dev/sandboxcontainer',
};

function reasonOf(error: unknown): string {
  const code = error instanceof Error && 'code' in error ? error.code : undefined;
  const claim = error instanceof Error && 'claim' in error ? error.claim : undefined;
  if (code === 'ERR_JWT_EXPIRED') return 'service account token has expired';
  if (claim === 'nbf') return 'service account token is not valid yet';
  return `service account token is not valid: ${error instanceof Error ? error.message : String(error)}`;
}

function issuerOf(token: string): string | undefined {
  try {
    return decodeJwt(token).iss;
  } catch {
    return undefined;
  }
}

/** Knows the tokens that this server made: their signature, their account and what they are bound to. */
export class ServiceAccountAuthenticator implements TokenAuthenticator {
  readonly #options: ServiceAccountAuthenticatorOptions;

  constructor(options: ServiceAccountAuthenticatorOptions) {
    this.#options = options;
  }

  async authenticate(token: string, audiences: readonly string[]): Promise<TokenIdentity | undefined> {
    if (issuerOf(token) !== this.#options.issuer) return undefined;
    const claims = await this.#verify(token);
    const wanted = audiences.length === 0 ? this.#options.audiences : audiences;
    const common = claims.aud.filter((one) => wanted.includes(one));
    if (common.length === 0) {
      throw new InvalidTokenError(
        `token audiences ${JSON.stringify(claims.aud)} is invalid for the target audiences ${JSON.stringify(wanted)}`,
      );
    }
    await this.#checkObjects(claims);
    return { user: userOfClaims(claims), audiences: common };
  }

  async #verify(token: string): Promise<TokenClaims> {
    const { keys, issuer, clock } = this.#options;
    try {
      const { kid } = decodeProtectedHeader(token);
      const found = kid === undefined ? undefined : keys().verification.get(kid);
      if (found === undefined) throw new Error('no public key with its key ID is known');
      const { payload } = await jwtVerify(token, found.key, {
        algorithms: [found.algorithm],
        issuer,
        currentDate: new Date(clock.nowMs()),
        requiredClaims: ['exp', 'nbf', 'iat', 'jti', 'sub', 'aud'],
      });
      const aud = typeof payload.aud === 'string' ? [payload.aud] : payload.aud;
      const claims = claimsSchema.parse({ ...payload, aud });
      const { namespace, serviceaccount } = claims['kubernetes.io'];
      if (claims.sub !== serviceAccountUserName(namespace, serviceaccount.name))
        throw new Error('the subject is not the service account');
      return claims;
    } catch (error) {
      throw new InvalidTokenError(reasonOf(error), { cause: error });
    }
  }

  async #checkObjects(claims: TokenClaims): Promise<void> {
    const { objects } = this.#options;
    const { namespace, serviceaccount } = claims['kubernetes.io'];
    const { name, uid } = serviceaccount;
    this.#check(
      `service account ${namespace}/${name}`,
      uid,
      await objects.serviceAccount(namespace, name, uid),
    );
    for (const claim of BOUND_CLAIMS) {
      const bound = claims['kubernetes.io'][claim];
      if (bound === undefined) continue;
      const object = await objects.bound(claim, namespace, bound.name, bound.uid);
      this.#check(`bound ${claim} ${JSON.stringify(bound.name)}`, bound.uid, object);
    }
  }

  #check(what: string, uid: string, object: ApiObject | undefined): void {
    if (object === undefined) throw new InvalidTokenError(`${what} not found`);
    const { deletionTimestamp } = object.metadata;
    const deadlineMs = this.#options.clock.nowMs() - LEEWAY_MS;
    if (deletionTimestamp !== undefined && Date.parse(deletionTimestamp) < deadlineMs)
      throw new InvalidTokenError(`${what} has been deleted`);
    if (object.metadata.uid !== uid)
      throw new InvalidTokenError(`${what}: UID (${object.metadata.uid}) does not match claim (${uid})`);
  }
}

function userOfClaims(claims: TokenClaims): User {
  const { namespace, serviceaccount } = claims['kubernetes.io'];
  const extra: Record<string, readonly string[]> = {
    'authentication.kubernetes.io/credential-id': [`JTI=${claims.jti}`],
  };
  for (const claim of BOUND_CLAIMS) {
    const bound = claims['kubernetes.io'][claim];
    const prefix = EXTRA_PREFIX[claim];
    if (bound === undefined || prefix === undefined) continue;
    extra[`${prefix}-name`] = [bound.name];
    extra[`${prefix}-uid`] = [bound.uid];
  }
  return {
    name: serviceAccountUserName(namespace, serviceaccount.name),
    uid: serviceaccount.uid,
    groups: serviceAccountGroups(namespace),
    extra,
  };
}
