import { randomUUID } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { hostname } from 'node:os';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { ApiClient } from '../api/client/index.ts';
import { loadKubeconfig } from '../api/client/kubeconfig.ts';
import { systemClock } from '../lib/clock.ts';
import { type HoltConfig, parseConfig, statePaths } from '../lib/config.ts';
import { createLogger, type Logger } from '../lib/logger.ts';
import { createRegistry, startMetricsServer } from '../lib/metrics-server.ts';
import { startTelemetry } from '../lib/telemetry-export.ts';
import { createEventRelayMetrics } from './eventrelay/controller.ts';
import { GARBAGE_COLLECTOR_USER } from './garbagecollection/controller.ts';
import { GarbageCollectionMetrics } from './garbagecollection/metrics.ts';
import { type Manager, startManager } from './manager.ts';
import { createControllerMetrics, runLeaderElection, StatusCommitter } from './runtime/index.ts';

const COMPONENT = 'holt-manager';

/** Where the managers elect their leader. */
const LEASE = { namespace: 'kube-system', leaseName: COMPONENT };

function readConfig(): HoltConfig {
  const { values } = parseArgs({ options: { config: { type: 'string' } } });
  if (values.config === undefined) throw new Error('usage: manager-main.ts --config FILE');
  try {
    return parseConfig(readFileSync(values.config, 'utf8'));
  } catch (cause) {
    const detail = cause instanceof Error ? cause.message : String(cause);
    throw new Error(`cannot use configuration ${values.config}: ${detail}`, { cause });
  }
}

/** The authority that this process itself trusts. @throws Error when the kubeconfig names none */
async function readClusterCa(kubeconfig: string): Promise<string> {
  const { ca } = await loadKubeconfig(kubeconfig);
  if (ca === undefined) throw new Error(`${kubeconfig} names no certificate authority`);
  return ca.toString();
}

async function run(config: HoltConfig, logger: Logger, signal: AbortSignal): Promise<void> {
  const stopTelemetry = await startTelemetry({
    serviceName: COMPONENT,
    otlpEndpoint: config.otlpEndpoint,
    onProblem: (problem) => logger.warn(problem),
  });
  const registry = createRegistry();
  const identity = `${hostname()}_${randomUUID()}`;
  const kubeconfig = join(statePaths(config.stateDir).pki, 'manager.kubeconfig');
  const client = await ApiClient.fromKubeconfigFile(kubeconfig, { userAgent: COMPONENT });
  const garbageCollectionClient = await ApiClient.fromKubeconfigFile(kubeconfig, {
    userAgent: COMPONENT,
    impersonate: GARBAGE_COLLECTOR_USER,
  });
  let manager: Manager | undefined;
  const closeMetrics = await startMetricsServer({
    port: config.ports.managerMetrics,
    registry,
    // A standby is healthy: it has nothing to sync.
    healthChecks: { caches: () => manager?.checkSynced() },
  }).catch((cause: unknown) => {
    const detail = cause instanceof Error ? cause.message : String(cause);
    throw new Error(
      `cannot listen on ports.managerMetrics: ${detail}; stop what has it or choose another port`,
      { cause },
    );
  });
  const context = {
    client,
    clock: systemClock,
    logger,
    metrics: createControllerMetrics(registry),
    garbageCollectionClient,
    garbageCollectionMetrics: new GarbageCollectionMetrics(registry),
    clusterCa: await readClusterCa(kubeconfig),
    apiPort: config.ports.api,
    eventRelay: {
      config: config.eventRelay,
      streamFile: statePaths(config.stateDir).eventStream,
      holder: identity,
      metrics: createEventRelayMetrics(registry),
    },
    committer: new StatusCommitter({ client, reportingComponent: COMPONENT, reportingInstance: identity }),
  };
  await runLeaderElection({
    ...LEASE,
    ...context,
    identity,
    signal,
    lead: async ({ signal: leading }) => {
      manager = startManager(context);
      await new Promise<void>((resolve) =>
        leading.addEventListener('abort', () => resolve(), { once: true }),
      );
      await manager.stop();
    },
  });
  await closeMetrics();
  await Promise.all([client.close(), garbageCollectionClient.close()]);
  await stopTelemetry();
}

async function main(): Promise<void> {
  const config = readConfig();
  const logger = createLogger(COMPONENT, config.logLevel);
  const stop = new AbortController();
  for (const name of ['SIGTERM', 'SIGINT'] as const) {
    process.on(name, () => {
      logger.info({ signal: name }, 'stopping');
      stop.abort(new Error(`received ${name}`));
    });
  }
  await run(config, logger, stop.signal);
  logger.info('stopped');
}

// A lost Lease ends the process here and now: another manager may already lead.
main().then(
  () => process.exit(0),
  (error: unknown) => {
    process.stderr.write(`${COMPONENT}: ${error instanceof Error ? error.message : String(error)}\n`);
    process.exit(1);
  },
);
