import { readFile } from 'node:fs/promises';
import { getCACertificates } from 'node:tls';
import { createLocalJWKSet, type LocalJWKSet } from 'jose';
import { z } from 'zod';
import { type IssuerConfig, readPemCertificates } from '../../../../lib/oidc/issuer-config.ts';
import { FetchError, fetchJson } from './fetch-json.ts';

/** What is needed of a provider's configuration. Source: OpenID Connect Discovery 1.0, section 3 */
const discoverySchema = z.object({ issuer: z.string(), jwks_uri: z.string() });

/** RFC 7517; what a key holds besides is read when it is used. Nobody publishes so many. */
const keySetSchema = z.object({ keys: z.array(z.looseObject({ kty: z.string() })).max(200) });

function parse<T>(schema: z.ZodType<T>, document: unknown, url: string): T {
  const parsed = schema.safeParse(document);
  if (parsed.success) return parsed.data;
  const [issue] = parsed.error.issues;
  throw new FetchError('content', `${url}: ${issue?.path.join('.')}: ${issue?.message}`);
}

/** Where an issuer's discovery document is. */
export function discoveryUrl({ url, discoveryURL }: IssuerConfig): string {
  return discoveryURL ?? `${url.replace(/\/$/, '')}/.well-known/openid-configuration`;
}

async function trustedCas(issuer: IssuerConfig): Promise<readonly string[]> {
  const { certificateAuthority, certificateAuthorityFile: file } = issuer;
  if (certificateAuthority !== undefined) return readPemCertificates(certificateAuthority);
  if (file === undefined) return getCACertificates('system');
  try {
    return readPemCertificates(await readFile(file, 'utf8'));
  } catch (cause) {
    const why = cause instanceof Error ? cause.message : String(cause);
    throw new FetchError('content', `cannot use certificateAuthorityFile ${file}: ${why}`, { cause });
  }
}

/**
 * Fetches the keys that an issuer signs with now: its discovery document, and the key set that this names.
 * @throws FetchError
 */
export async function fetchProviderKeys(issuer: IssuerConfig, signal: AbortSignal): Promise<LocalJWKSet> {
  const ca = await trustedCas(issuer);
  const from = discoveryUrl(issuer);
  const found = parse(discoverySchema, await fetchJson(from, { ca, signal }), from);
  if (found.issuer !== issuer.url)
    throw new FetchError(
      'content',
      `${from}: issuer did not match: expected ${JSON.stringify(issuer.url)} got ${JSON.stringify(found.issuer)}`,
    );
  if (URL.parse(found.jwks_uri)?.protocol !== 'https:')
    throw new FetchError(
      'content',
      `${from}: jwks_uri must be an https URL, got ${JSON.stringify(found.jwks_uri)}`,
    );
  const keySet = parse(keySetSchema, await fetchJson(found.jwks_uri, { ca, signal }), found.jwks_uri);
  return createLocalJWKSet(keySet);
}
