import { decodeProtectedHeader } from 'jose';
import { z } from 'zod';
import { OidcTokenError } from './oidc-token-error.ts';

/** Everything that a token says. */
export type Claims = ReadonlyMap<string, unknown>;

/** A token taken apart; nothing in it is verified. */
export interface TokenParts {
  readonly issuer: string;
  /** The bytes that the claims were read from. */
  readonly payload: Buffer;
  readonly claims: Claims;
}

/** OpenID Connect says that it is of this issuer; some of its tokens leave the scheme out. */
const GOOGLE = 'https://accounts.google.com';

/** Takes a compact JWT apart; undefined for what is none. Never throws. */
export function tokenParts(token: string): TokenParts | undefined {
  const [header, body, signature, ...more] = token.split('.');
  if (header === undefined || body === undefined || signature === undefined || more.length > 0)
    return undefined;
  const payload = Buffer.from(body, 'base64url');
  try {
    const parsed: unknown = JSON.parse(payload.toString());
    if (typeof parsed !== 'object' || parsed === null || Array.isArray(parsed)) return undefined;
    const claims = new Map(Object.entries(parsed));
    const issuer = claims.get('iss');
    if (typeof issuer !== 'string') return undefined;
    return { issuer: issuer === 'accounts.google.com' ? GOOGLE : issuer, payload, claims };
  } catch {
    return undefined;
  }
}

/** Symmetric algorithms and none would let who knows a public key sign. Source: apiserver oidc.go allowedSigningAlgs */
export const ALGORITHMS = ['ES256', 'ES384', 'ES512', 'PS256', 'PS384', 'PS512', 'RS256', 'RS384', 'RS512'];

/** @throws OidcTokenError for a header that cannot be read, or another algorithm */
export function checkAlgorithm(token: string): void {
  let algorithm: string | undefined;
  try {
    algorithm = decodeProtectedHeader(token).alg;
  } catch (cause) {
    throw new OidcTokenError('malformed', 'malformed jwt: its header cannot be read', { cause });
  }
  if (algorithm !== undefined && ALGORITHMS.includes(algorithm)) return;
  const [expected, got] = [ALGORITHMS, algorithm].map((each) => JSON.stringify(each));
  throw new OidcTokenError(
    'algorithm',
    `id token signed with unsupported algorithm, expected one of ${expected} got ${got}`,
  );
}

const registeredSchema = z.object({
  aud: z.union([z.string().transform((one) => [one]), z.array(z.string())]),
  /** Seconds since the epoch, as the next. */
  exp: z.number(),
  nbf: z.number().optional(),
});

/** A token may be used so long before its time. Expiry has no leeway. Source: go-oidc verify.go */
const NOT_BEFORE_LEEWAY_SECONDS = 60;

function shownTime(seconds: number): string {
  const date = new Date(seconds * 1_000);
  return Number.isNaN(date.getTime()) ? String(seconds) : date.toISOString();
}

/** @throws OidcTokenError for a token that is for somebody else, over, or not valid yet */
export function checkRegisteredClaims(claims: Claims, audiences: readonly string[], nowMs: number): void {
  const parsed = registeredSchema.safeParse(
    Object.fromEntries(['aud', 'exp', 'nbf'].map((name) => [name, claims.get(name)])),
  );
  if (!parsed.success) {
    const claim = parsed.error.issues[0]?.path[0];
    throw new OidcTokenError('malformed', `claim ${JSON.stringify(claim)} is missing or of a wrong type`);
  }
  const { aud, exp, nbf } = parsed.data;
  if (!aud.some((one) => audiences.includes(one)))
    throw new OidcTokenError(
      'audience',
      `expected audience in ${JSON.stringify(audiences)} got ${JSON.stringify(aud)}`,
    );
  const nowSeconds = nowMs / 1_000;
  if (exp < nowSeconds)
    throw new OidcTokenError('expired', `token is expired (Token Expiry: ${shownTime(exp)})`);
  if (nbf !== undefined && nowSeconds + NOT_BEFORE_LEEWAY_SECONDS < nbf)
    throw new OidcTokenError(
      'not-yet-valid',
      `current time is before the nbf (not before) time: ${shownTime(nbf)}`,
    );
}
