import { Counter, Gauge, type Registry } from 'prom-client';
import type { Clock } from '../../../../lib/clock.ts';

/** What is measured of OpenID Connect issuers. */
export interface OidcMetrics {
  readonly tokens: Counter<'issuer' | 'result'>;
  readonly fetches: Counter<'issuer' | 'result'>;
  /** Says that an issuer's keys were fetched now. */
  noteKeys(issuer: string): void;
  /** An issuer is no longer configured. */
  forget(issuer: string): void;
}

/** Registers the metrics; once a registry. */
export function createOidcMetrics(registry: Registry, clock: Clock): OidcMetrics {
  const fetchedMs = new Map<string, number>();
  const age = new Gauge({
    name: 'holt_api_oidc_keys_age_seconds',
    help: "Seconds since an issuer's keys were fetched; absent until they first were",
    labelNames: ['issuer'] as const,
    registers: [registry],
    collect() {
      for (const [issuer, atMs] of fetchedMs) this.set({ issuer }, (clock.monotonicMs() - atMs) / 1_000);
    },
  });
  return {
    tokens: new Counter({
      name: 'holt_api_oidc_tokens_total',
      help: 'Tokens of OpenID Connect issuers, by issuer and result: success, or why they were refused',
      labelNames: ['issuer', 'result'] as const,
      registers: [registry],
    }),
    fetches: new Counter({
      name: 'holt_api_oidc_key_fetches_total',
      help: "Fetches of issuers' keys, by result: success, or what failed",
      labelNames: ['issuer', 'result'] as const,
      registers: [registry],
    }),
    noteKeys: (issuer) => fetchedMs.set(issuer, clock.monotonicMs()),
    forget: (issuer) => {
      fetchedMs.delete(issuer);
      age.remove({ issuer });
    },
  };
}
