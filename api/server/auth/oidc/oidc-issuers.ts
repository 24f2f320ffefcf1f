import { isDeepStrictEqual } from 'node:util';
import type { Registry } from 'prom-client';
import type { Clock } from '../../../../lib/clock.ts';
import type { Logger } from '../../../../lib/logger.ts';
import type { IssuerConfig } from '../../../../lib/oidc/issuer-config.ts';
import type { JwtAuthenticatorConfig } from '../../../../lib/oidc/oidc-config.ts';
import type { TokenAuthenticator, TokenIdentity } from '../token-authenticator.ts';
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

/** The keys of an issuer, as long as it stays configured as it is. */
interface OpenKeys {
  readonly issuer: IssuerConfig;
  readonly keys: IssuerKeys;
  readonly end: AbortController;
}

interface OpenIssuer extends OpenKeys {
  readonly authenticator: OidcAuthenticator;
}

/** The configured OpenID Connect issuers; others may take their place while the server runs. */
export class OidcIssuers implements TokenAuthenticator {
  readonly #options: OidcOptions;
  readonly #metrics: OidcMetrics;
  readonly #fetching = new Set<Promise<void>>();
  #opened: readonly OpenIssuer[] = [];
  #isRunning = false;

  /** @throws Error naming the field and the value for an expression that does not compile */
  constructor(options: OidcOptions) {
    this.#options = options;
    this.#metrics = createOidcMetrics(options.registry, options.clock);
    this.use(options.issuers);
  }

  async authenticate(token: string, audiences: readonly string[]): Promise<TokenIdentity | undefined> {
    for (const { authenticator } of this.#opened) {
      const identity = await authenticator.authenticate(token, audiences);
      if (identity !== undefined) return identity;
    }
    return undefined;
  }

  /**
   * Takes these issuers instead of those before; one that is reached as before keeps its keys.
   * @throws Error as the constructor; nothing has changed then
   */
  use(issuers: readonly JwtAuthenticatorConfig[]): void {
    const before = this.#opened;
    this.#opened = issuers.map((config, index) => this.#open(config, index));
    for (const { keys, end, issuer } of before) {
      if (this.#opened.some((each) => each.keys === keys)) continue;
      end.abort();
      if (!this.#opened.some((each) => each.issuer.url === issuer.url)) this.#metrics.forget(issuer.url);
    }
    if (this.#isRunning) this.#fetchNew(before);
  }

  /** Fetches keys and keeps them fresh, until the signal. */
  async run(): Promise<void> {
    const { signal } = this.#options;
    this.#isRunning = true;
    this.#fetchNew([]);
    const { promise: aborted, resolve } = Promise.withResolvers<void>();
    signal.addEventListener('abort', () => resolve(), { once: true });
    if (signal.aborted) resolve();
    await aborted;
    await Promise.all(this.#fetching);
  }

  #fetchNew(before: readonly OpenIssuer[]): void {
    for (const { keys } of this.#opened) {
      if (before.some((each) => each.keys === keys)) continue;
      const fetching = keys.run();
      this.#fetching.add(fetching);
      void fetching.finally(() => this.#fetching.delete(fetching));
    }
  }

  #open(config: JwtAuthenticatorConfig, index: number): OpenIssuer {
    const { apiAudiences, clock } = this.#options;
    const { url, audiences } = config.issuer;
    const mapper = compileClaimMapper(config, `authentication.oidc.${index}`);
    const reached =
      this.#opened.find(({ issuer }) => isDeepStrictEqual(issuer, config.issuer)) ??
      this.#openKeys(config.issuer);
    const onResult = (result: string) => this.#metrics.tokens.inc({ issuer: url, result });
    const { issuer, keys, end } = reached;
    const given = { issuer: url, audiences, apiAudiences, keys, mapper, clock, onResult };
    return { issuer, keys, end, authenticator: new OidcAuthenticator(given) };
  }

  #openKeys(issuer: IssuerConfig): OpenKeys {
    const { clock, signal, times } = this.#options;
    const end = new AbortController();
    const keys = new IssuerKeys({
      fetch: (until) => fetchProviderKeys(issuer, until),
      onResult: (error) => this.#noteFetch(issuer, error),
      ...{ clock, signal: AbortSignal.any([signal, end.signal]) },
      ...(times === undefined ? {} : { times }),
    });
    return { issuer, keys, end };
  }

  #noteFetch({ url }: IssuerConfig, error: unknown): void {
    if (error === undefined) {
      this.#metrics.fetches.inc({ issuer: url, result: 'success' });
      this.#metrics.noteKeys(url);
      return;
    }
    const result = error instanceof FetchError ? error.failure : 'content';
    this.#metrics.fetches.inc({ issuer: url, result });
    const reason = error instanceof Error ? error.message : String(error);
    this.#options.logger.warn(
      { issuer: url, reason },
      "cannot fetch an OIDC issuer's keys; tried again by itself",
    );
  }
}
