import { readFileSync } from 'node:fs';
import { z } from 'zod';
import { ALL_DEFINITIONS } from '../crds/index.ts';
import { secretDefinition } from '../crds/secret/definition.ts';
import { systemClock } from '../lib/clock.ts';
import { explainConfigError, type HoltConfig, parseConfig, statePaths } from '../lib/config.ts';
import { createLogger, type Logger } from '../lib/logger.ts';
import { createRegistry } from '../lib/metrics-server.ts';
import { startTelemetry } from '../lib/telemetry-export.ts';
import { openAudit } from './open-audit.ts';
import { Pki } from './pki.ts';
import { OidcIssuers } from './server/auth/oidc/oidc-issuers.ts';
import { startApiServer } from './server/server.ts';
import { rewriteStale } from './storage/encryption/rewrite-stale.ts';
import { createAesGcmTransformer, type ValueTransformer } from './storage/encryption/value-transformer.ts';
import type { EtcdConnection, EtcdTls } from './storage/etcd/connection.ts';
import { openKv } from './storage/etcd/failover-kv.ts';
import { resourcePrefix } from './storage/keys.ts';
import { watchIssuers } from './watch-issuers.ts';

const SECRETS_PREFIX = resourcePrefix(secretDefinition);

const USAGE = 'usage: holt-api --config FILE';

/** How long one etcd request may take before its client is told 503. */
const ETCD_REQUEST_TIMEOUT_MS = 5_000;

/** A configuration, and where it was read. */
interface ConfigFile {
  readonly file: string;
  readonly bytes: Buffer;
  readonly config: HoltConfig;
}

function readConfig(argv: readonly string[]): ConfigFile {
  const [flag, file, ...more] = argv;
  if (flag !== '--config' || file === undefined || more.length > 0) throw new Error(USAGE);
  const bytes = readFileSync(file);
  return { file, bytes, config: parseConfig(bytes.toString()) };
}

/** One line for the operator: what failed and how to mend it. */
function explain(error: unknown): string {
  if (error instanceof z.ZodError) return explainConfigError(error);
  const text = error instanceof Error ? error.message : String(error);
  const { code, port } = error as { code?: string; port?: number };
  if (code === 'EADDRINUSE') {
    return `cannot listen on 127.0.0.1:${port}: the port is taken. End the process that holds it ("ss -ltnp"), or set ports.api in the configuration`;
  }
  return code === 'ENOENT' ? `${text}: run "npm start" or "holt dev up", which make this file` : text;
}

/** Brings every stored Secret under the first key: at the start, and after each change of the keys. */
async function rewriteSecrets(etcd: EtcdConnection, values: ValueTransformer, logger: Logger): Promise<void> {
  const raw = openKv(etcd);
  try {
    const result = await rewriteStale(raw, SECRETS_PREFIX, values);
    if (result.unreadable.length > 0)
      logger.error(result, 'some Secrets cannot be read with any encryption key');
    else if (result.rewritten > 0) logger.info(result, 'Secrets are sealed under the first encryption key');
  } catch (error) {
    logger.warn(
      { reason: String(error) },
      'cannot seal Secrets anew; tried again with the next start or key',
    );
  } finally {
    raw.close();
  }
}

/** @throws StorageError when etcd does not answer under these certificates */
async function tryEtcd(etcd: EtcdConnection, tls: EtcdTls): Promise<void> {
  const probe = openKv({ ...etcd, tls });
  try {
    await probe.range({ key: SECRETS_PREFIX });
  } finally {
    probe.close();
  }
}

async function main(): Promise<void> {
  const { file, bytes, config } = readConfig(process.argv.slice(2));
  const logger = createLogger('holt-api', config.logLevel);
  const stopTelemetry = await startTelemetry({
    serviceName: 'holt-api',
    otlpEndpoint: config.otlpEndpoint,
    onProblem: (problem) => logger.warn(problem),
  });
  const registry = createRegistry();
  const pki = new Pki({ dir: statePaths(config.stateDir).pki, clock: systemClock, logger, registry });
  const audit = openAudit(config, registry, logger);
  const etcd: EtcdConnection = {
    endpoints: [`https://127.0.0.1:${config.ports.etcdClient}`],
    tls: pki.etcdTls,
    requestTimeoutMs: ETCD_REQUEST_TIMEOUT_MS,
  };
  const values = createAesGcmTransformer([SECRETS_PREFIX], pki.encryptionKeys);
  const rewrite = () => rewriteSecrets(etcd, values, logger);
  const stopping = new AbortController();
  const { serviceAccountIssuer, oidc: issuers } = config.authentication;
  const oidc = new OidcIssuers({
    ...{ issuers, clock: systemClock, logger, registry, signal: stopping.signal },
    apiAudiences: [serviceAccountIssuer],
  });
  const server = await startApiServer({
    etcd: { ...etcd, values },
    tls: pki.servingTls,
    port: config.ports.api,
    nodeTls: pki.nodeTls,
    serviceAccounts: { keys: pki.serviceAccountKeys, issuer: serviceAccountIssuer },
    tokens: [oidc],
    definitions: ALL_DEFINITIONS,
    clock: systemClock,
    logger,
    registry,
    ...(audit === undefined ? {} : { audit }),
  });
  logger.info({ port: server.port }, 'serving');
  const fetchingKeys = oidc.run();
  const watchingIssuers = watchIssuers(
    { file, bytes, oidc, clock: systemClock, logger, registry },
    stopping.signal,
  );
  const watchingPki = pki.watch(
    {
      useTls: (tls) => server.useTls(tls),
      tryEtcd: (tls) => tryEtcd(etcd, tls),
      onEncryptionKeys: () => void rewrite(),
    },
    stopping.signal,
  );
  void rewrite();
  const stop = async (signal: NodeJS.Signals) => {
    logger.info({ signal }, 'stopping');
    stopping.abort();
    await Promise.all([watchingPki, watchingIssuers, fetchingKeys]);
    await server.stop();
    await audit?.sink.close();
    await stopTelemetry();
    process.exit(0);
  };
  process.once('SIGTERM', stop);
  process.once('SIGINT', stop);
}

main().catch((error) => {
  process.stderr.write(`holt-api: ${explain(error)}\n`);
  process.exit(1);
});
