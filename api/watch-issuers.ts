import { isDeepStrictEqual } from 'node:util';
import { Counter, type Registry } from 'prom-client';
import { z } from 'zod';
import type { Clock } from '../lib/clock.ts';
import { explainConfigError, parseConfig } from '../lib/config.ts';
import type { Logger } from '../lib/logger.ts';
import type { OidcIssuers } from './server/auth/oidc/oidc-issuers.ts';
import { watchFiles } from './watch-files.ts';

export interface WatchIssuersOptions {
  /** The configuration, and its bytes as they are in use. */
  readonly file: string;
  readonly bytes: Buffer;
  readonly oidc: OidcIssuers;
  readonly clock: Clock;
  readonly logger: Logger;
  readonly registry: Registry;
}

/** Takes `authentication.oidc` of the configuration as it changes, until the signal; nothing else of it. */
export function watchIssuers(options: WatchIssuersOptions, signal: AbortSignal): Promise<void> {
  const { file, bytes, oidc, clock, logger, registry } = options;
  const reloads = new Counter({
    name: 'holt_api_oidc_reloads_total',
    help: 'Changed lists of OpenID Connect issuers, by whether they came into use',
    labelNames: ['result'] as const,
    registers: [registry],
  });
  const issuersOf = (content: Buffer) => parseConfig(content.toString()).authentication.oidc;
  let used = issuersOf(bytes);
  const use = ([content = bytes]: readonly Buffer[]) => {
    const issuers = issuersOf(content);
    if (isDeepStrictEqual(issuers, used)) return;
    oidc.use(issuers);
    used = issuers;
    reloads.inc({ result: 'success' });
    logger.info({ file, issuers: issuers.map(({ issuer }) => issuer.url) }, 'OIDC issuers are in use');
  };
  return watchFiles(
    {
      sets: [{ name: 'configuration', paths: [file], use }],
      clock,
      onResult: (_, error) => {
        if (error === undefined) return;
        reloads.inc({ result: 'failure' });
        const reason = error instanceof z.ZodError ? explainConfigError(error) : error.message;
        logger.error({ file, reason }, 'cannot use the changed configuration; the OIDC issuers before hold');
      },
    },
    new Map([['configuration', [bytes]]]),
    signal,
  );
}
