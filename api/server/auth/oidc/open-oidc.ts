import type { Registry } from 'prom-client';
import type { Clock } from '../../../../lib/clock.ts';
import type { Logger } from '../../../../lib/logger.ts';
import type { IssuerConfig } from '../../../../lib/oidc/issuer-config.ts';
import type { JwtAuthenticatorConfig } from '../../../../lib/oidc/oidc-config.ts';
import type { TokenAuthenticator } from '../token-authenticator.ts';
import { compileClaimMapper } from './claim-mapper.ts';
import { FetchError } from './fetch-json.ts';
import { IssuerKeys, type KeyTimes } from './issuer-keys.ts';
import { OidcAuthenticator } from './oidc-authenticator.ts';
import { createOidcMetrics, type OidcMetrics } from './oidc-metrics.ts';
import { fetchProviderKeys } from './provider-keys.ts';

export interface OidcOptions {
  readonly issuers: readonly JwtAuthenticatorConfig[];
  /** Audiences of this server in token reviews. */
  readonly apiAudiences: readonly string[];
  readonly clock: Clock;
  readonly logger: Logger;
  readonly registry: Registry;
  /** Ends fetching. */
  readonly signal: AbortSignal;
  readonly times?: Partial<KeyTimes>;
}

/** OpenID Connect issuers, ready to be asked. */
export interface Oidc {
  readonly tokens: readonly TokenAuthenticator[];
  /** Fetches keys and keeps them fresh, until the signal. */
  run(): Promise<void>;
}

function openKeys(issuer: IssuerConfig, options: OidcOptions, metrics: OidcMetrics): IssuerKeys {
  const { clock, logger, signal, times } = options;
  const { url } = issuer;
  const onResult = (error?: unknown) => {
    if (error === undefined) {
      metrics.fetches.inc({ issuer: url, result: 'success' });
      metrics.noteKeys(url);
      return;
    }
    const result = error instanceof FetchError ? error.failure : 'content';
    metrics.fetches.inc({ issuer: url, result });
    const reason = error instanceof Error ? error.message : String(error);
    logger.warn({ issuer: url, reason }, "cannot fetch an OIDC issuer's keys; tried again by itself");
  };
  return new IssuerKeys({
    fetch: (until) => fetchProviderKeys(issuer, until),
    ...{ clock, onResult, signal },
    ...(times === undefined ? {} : { times }),
  });
}

/**
 * Prepares the configured issuers.
 * @throws Error naming the field and the value for an expression that does not compile
 */
export function openOidc(options: OidcOptions): Oidc {
  const { issuers, apiAudiences, clock, registry } = options;
  const metrics = createOidcMetrics(registry, clock);
  const opened = issuers.map((config, index) => {
    const { url: issuer, audiences } = config.issuer;
    const mapper = compileClaimMapper(config, `authentication.oidc.${index}`);
    const keys = openKeys(config.issuer, options, metrics);
    const onResult = (result: string) => metrics.tokens.inc({ issuer, result });
    const given = { issuer, audiences, apiAudiences, keys, mapper, clock, onResult };
    return { keys, authenticator: new OidcAuthenticator(given) };
  });
  return {
    tokens: opened.map(({ authenticator }) => authenticator),
    run: async () => {
      await Promise.all(opened.map(({ keys }) => keys.run()));
    },
  };
}
