import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { z } from 'zod';
import { ALL_DEFINITIONS } from '../crds/index.ts';
import { systemClock } from '../lib/clock.ts';
import { type HoltConfig, parseConfig, statePaths } from '../lib/config.ts';
import { createLogger } from '../lib/logger.ts';
import { createRegistry } from '../lib/metrics-server.ts';
import { startTelemetry } from '../lib/telemetry-export.ts';
import { openAudit } from './open-audit.ts';
import { parseServiceAccountKeys } from './server/auth/service-account/key-set.ts';
import { startApiServer } from './server/server.ts';

const USAGE = 'usage: holt-api --config FILE';

/** How long one etcd request may take before its client is told 503. */
const ETCD_REQUEST_TIMEOUT_MS = 5_000;

function readConfig(argv: readonly string[]): HoltConfig {
  const [flag, file, ...more] = argv;
  if (flag !== '--config' || file === undefined || more.length > 0) throw new Error(USAGE);
  return parseConfig(readFileSync(file, 'utf8'));
}

function readPki(dir: string) {
  const read = (name: string) => readFileSync(join(dir, name));
  return {
    tls: { cert: read('api.crt'), key: read('api.key'), clientCa: read('ca.crt') },
    serviceAccountKeys: parseServiceAccountKeys(read('sa.key'), read('sa.pub')),
    etcdTls: { ca: read('etcd-ca.crt'), cert: read('etcd-client.crt'), key: read('etcd-client.key') },
  };
}

/** One line for the operator: what failed and how to mend it. */
function explain(error: unknown): string {
  if (error instanceof z.ZodError) {
    return error.issues.map((issue) => `configuration: ${issue.path.join('.')}: ${issue.message}`).join('; ');
  }
  const text = error instanceof Error ? error.message : String(error);
  const { code, port } = error as { code?: string; port?: number };
  if (code === 'EADDRINUSE') {
    return `cannot listen on 127.0.0.1:${port}: the port is taken. End the process that holds it ("ss -ltnp"), or set ports.api in the configuration`;
  }
  return code === 'ENOENT' ? `${text}: run "npm start" or "holt dev up", which make this file` : text;
}

async function main(): Promise<void> {
  const config = readConfig(process.argv.slice(2));
  const logger = createLogger('holt-api', config.logLevel);
  const { tls, etcdTls, serviceAccountKeys } = readPki(statePaths(config.stateDir).pki);
  const stopTelemetry = await startTelemetry({
    serviceName: 'holt-api',
    otlpEndpoint: config.otlpEndpoint,
    onProblem: (problem) => logger.warn(problem),
  });
  const registry = createRegistry();
  const audit = openAudit(config, registry, logger);
  const server = await startApiServer({
    etcd: {
      endpoints: [`https://127.0.0.1:${config.ports.etcdClient}`],
      tls: etcdTls,
      requestTimeoutMs: ETCD_REQUEST_TIMEOUT_MS,
    },
    tls,
    port: config.ports.api,
    serviceAccounts: {
      keys: () => serviceAccountKeys,
      issuer: config.authentication.serviceAccountIssuer,
    },
    definitions: ALL_DEFINITIONS,
    clock: systemClock,
    logger,
    registry,
    ...(audit === undefined ? {} : { audit }),
  });
  logger.info({ port: server.port }, 'serving');
  const stop = async (signal: NodeJS.Signals) => {
    logger.info({ signal }, 'stopping');
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
