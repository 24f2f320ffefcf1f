import { randomUUID } from 'node:crypto';
import { SignJWT } from 'jose';
import { type BoundClaim, serviceAccountUserName } from './claims.ts';
import type { ServiceAccountKeys } from './key-set.ts';

/** An object by name and UID. */
export interface Reference {
  readonly name: string;
  readonly uid: string;
}

export interface TokenOrder {
  readonly keys: ServiceAccountKeys;
  readonly issuer: string;
  readonly audiences: readonly string[];
  readonly namespace: string;
  readonly serviceAccount: Reference;
  /** What the token ends with, if anything. */
  readonly bound: { readonly claim: BoundClaim; readonly reference: Reference } | undefined;
  readonly nowMs: number;
  readonly lifetimeSeconds: number;
}

/** A token that was made, and the id by which audits know it. */
export interface IssuedToken {
  readonly token: string;
  readonly tokenId: string;
}

/** Signs a token with the claims of upstream's bound tokens. */
export async function issueToken(order: TokenOrder): Promise<IssuedToken> {
  const { keys, namespace, serviceAccount, bound } = order;
  const tokenId = randomUUID();
  const nowSeconds = Math.floor(order.nowMs / 1000);
  const token = await new SignJWT({
    'kubernetes.io': {
      namespace,
      serviceaccount: serviceAccount,
      ...(bound === undefined ? {} : { [bound.claim]: bound.reference }),
    },
  })
    .setProtectedHeader({ alg: keys.signing.algorithm, kid: keys.signing.keyId })
    .setIssuer(order.issuer)
    .setSubject(serviceAccountUserName(namespace, serviceAccount.name))
    .setAudience([...order.audiences])
    .setExpirationTime(nowSeconds + order.lifetimeSeconds)
    .setNotBefore(nowSeconds)
    .setIssuedAt(nowSeconds)
    .setJti(tokenId)
    .sign(keys.signing.key);
  return { token, tokenId };
}
