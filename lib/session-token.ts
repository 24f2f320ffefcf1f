import { randomUUID } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { type CryptoKey, importPKCS8, importSPKI, jwtVerify, SignJWT } from 'jose';
import { z } from 'zod';

/** The cookie that carries the session token. `__Host-` makes browsers insist on Secure, Path=/ and no Domain. */
export const SESSION_COOKIE_NAME = '__Host-holt_session';

/** The one algorithm of session tokens; the edge refuses every other. */
export const SESSION_TOKEN_ALGORITHM = 'ES256';

/** `aud` of tokens for the edge. */
export const SESSION_TOKEN_AUDIENCE = 'edge';

/** What user names look like: RFC 1123 labels, as in `UserVM.spec.user`. */
export const USER_NAME_PATTERN = /^[a-z0-9]([-a-z0-9]{0,61}[a-z0-9])?$/;

const claimsSchema = z.object({
  sub: z.string().regex(USER_NAME_PATTERN),
  sid: z.string().min(1),
  aud: z.literal(SESSION_TOKEN_AUDIENCE),
  iat: z.int(),
  exp: z.int(),
});

/** Claims of a session token; times in seconds since the epoch. */
export type SessionClaims = z.infer<typeof claimsSchema>;

export interface SessionTokenRequest {
  readonly key: CryptoKey;
  readonly user: string;
  readonly ttlSeconds: number;
  /** Wall time of issue, in milliseconds since the epoch. Default: now. */
  readonly nowMs?: number;
  /** Session id, by which a session is revoked. Default: a random UUID. */
  readonly sessionId?: string;
}

/** The key pair's files below `statePaths(...).session`: PKCS#8 and SPKI PEM, EC P-256. */
export function sessionKeyPaths(sessionDir: string): {
  readonly privateKey: string;
  readonly publicKey: string;
} {
  return { privateKey: join(sessionDir, 'key.pem'), publicKey: join(sessionDir, 'pub.pem') };
}

/**
 * Reads the private key, PKCS#8 PEM.
 * @throws Error naming the file, when it can't be read or is no EC P-256 key
 */
export async function readSigningKey(path: string): Promise<CryptoKey> {
  return loadKey(path, (pem) => importPKCS8(pem, SESSION_TOKEN_ALGORITHM));
}

/**
 * Reads the public key, SPKI PEM.
 * @throws Error naming the file, when it can't be read or is no EC P-256 key
 */
export async function readVerificationKey(path: string): Promise<CryptoKey> {
  return loadKey(path, (pem) => importSPKI(pem, SESSION_TOKEN_ALGORITHM));
}

async function loadKey(path: string, importKey: (pem: string) => Promise<CryptoKey>): Promise<CryptoKey> {
  try {
    return await importKey(await readFile(path, 'utf8'));
  } catch (cause) {
    throw new Error(`cannot load session key ${path}: ${cause instanceof Error ? cause.message : cause}`, {
      cause,
    });
  }
}

/**
 * Signs a session token: a compact ES256 JWT {sub, sid, aud, iat, exp}.
 * @throws RangeError when the user is no RFC 1123 label or the ttl is not a positive whole number of seconds
 */
export async function createSessionToken(request: SessionTokenRequest): Promise<string> {
  const { key, user, ttlSeconds, nowMs = Date.now() } = request;
  if (!USER_NAME_PATTERN.test(user))
    throw new RangeError(`user must be an RFC 1123 label, got ${JSON.stringify(user)}`);
  if (!Number.isSafeInteger(ttlSeconds) || ttlSeconds < 1) {
    throw new RangeError(`ttl must be a positive whole number of seconds, got ${ttlSeconds}`);
  }
  const issuedAtSeconds = Math.floor(nowMs / 1000);
  return new SignJWT({ sid: request.sessionId ?? randomUUID() })
    .setProtectedHeader({ alg: SESSION_TOKEN_ALGORITHM, typ: 'JWT' })
    .setSubject(user)
    .setAudience(SESSION_TOKEN_AUDIENCE)
    .setIssuedAt(issuedAtSeconds)
    .setExpirationTime(issuedAtSeconds + ttlSeconds)
    .sign(key);
}

/**
 * Verifies a token as the edge does, save for revocation.
 * @throws JOSEError or z.ZodError when it is not a valid session token at `nowMs`
 */
export async function verifySessionToken(
  key: CryptoKey,
  token: string,
  nowMs: number,
): Promise<SessionClaims> {
  const { payload } = await jwtVerify(token, key, {
    algorithms: [SESSION_TOKEN_ALGORITHM],
    audience: SESSION_TOKEN_AUDIENCE,
    currentDate: new Date(nowMs),
    requiredClaims: ['sub', 'sid', 'iat', 'exp'],
  });
  return claimsSchema.parse(payload);
}

/** `name=value`, as a Cookie header takes it. */
export function formatSessionCookie(token: string): string {
  return `${SESSION_COOKIE_NAME}=${token}`;
}

/** Where a browser signs in with the token; served where `devLogin` is on. */
export function sessionLoginUrl(routerUrl: string, token: string): string {
  return `${routerUrl.replace(/\/$/, '')}/.holt/login?token=${encodeURIComponent(token)}`;
}
