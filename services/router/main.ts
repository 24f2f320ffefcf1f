import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { ApiClient, Informer } from '../../api/client/index.ts';
import { type SandboxContainer, sandboxContainerDefinition } from '../../crds/sandboxcontainer/definition.ts';
import { type UserVm, userVmDefinition } from '../../crds/uservm/definition.ts';
import { systemClock } from '../../lib/clock.ts';
import { type HoltConfig, parseConfig, statePaths } from '../../lib/config.ts';
import { createLogger } from '../../lib/logger.ts';
import { createRegistry, startMetricsServer } from '../../lib/metrics-server.ts';
import { startTelemetry } from '../../lib/telemetry-export.ts';
import { receiveAccessLog } from './access-log-receiver.ts';
import { FirstRequests } from './first-requests.ts';
import { createRouterMetrics } from './metrics.ts';
import { informerRouteSource } from './route-source.ts';
import { RouteTelemetry } from './route-telemetry.ts';
import { Router } from './router.ts';
import { routerPaths } from './router-paths.ts';
import { startWakeServer } from './wake-server.ts';
import { Waker } from './waker.ts';

async function main(config: HoltConfig, signal: AbortSignal): Promise<void> {
  const logger = createLogger('holt-router', config.logLevel);
  const stopTelemetry = await startTelemetry({
    serviceName: 'holt-router',
    otlpEndpoint: config.otlpEndpoint,
    onProblem: (problem) => logger.warn(problem),
  });
  const paths = routerPaths(config);
  const registry = createRegistry();
  const metrics = createRouterMetrics(registry);

  const kubeconfig = join(statePaths(config.stateDir).pki, 'router.kubeconfig');
  const client = await ApiClient.fromKubeconfigFile(kubeconfig, { userAgent: 'holt-router' });
  const userVms = new Informer<UserVm>({ client, definition: userVmDefinition, logger });
  const containers = new Informer<SandboxContainer>({
    client,
    definition: sandboxContainerDefinition,
    logger,
  });
  const source = informerRouteSource(userVms, containers);

  const router = new Router({
    source,
    paths,
    vmSubnet: config.vmSubnet,
    clock: systemClock,
    logger,
    metrics,
  });
  const telemetry = new RouteTelemetry({
    clock: systemClock,
    logger,
    metrics,
    firstRequests: await FirstRequests.open(paths.firstRequests),
    userVms: () => source.userVms(),
    containers: () => source.containers(),
    table: () => router.table,
  });
  router.onTransition((transition, seenAtMs) => telemetry.onTransition(transition, seenAtMs));

  const waker = new Waker({
    userVms: () => source.userVms(),
    table: () => router.table,
    wake: ({ metadata }) =>
      client.wake(userVmDefinition, { namespace: metadata.namespace ?? '', name: metadata.name ?? '' }),
    clock: systemClock,
    logger,
  });
  router.onTransition(() => waker.onTable());
  const stopWakeServer = await startWakeServer({ path: paths.wakeSocket, waker });

  const accessLog = await receiveAccessLog({
    port: config.ports.routerLog,
    onEntry: (entry) => telemetry.onRequest(entry),
    onUnreadable: () => metrics.unreadableLogLines.inc(),
  });
  const stopMetrics = await startMetricsServer({
    port: config.ports.routerMetrics,
    registry,
    healthChecks: {
      informers: () => {
        if (!source.hasSynced())
          throw new Error('the API was not listed yet; the last-known table is served');
      },
      haproxy: () => router.assertApplied(),
    },
  });
  userVms.start();
  containers.start();
  await router.run(signal);

  await Promise.all([userVms.stop(), containers.stop(), accessLog.close(), stopMetrics(), stopWakeServer()]);
  await client.close();
  await stopTelemetry();
}

/** One line for the start errors that people meet. */
function explain(error: unknown): string {
  if (!(error instanceof Error)) return String(error);
  const { code, port } = error as NodeJS.ErrnoException & { port?: number };
  if (code === 'EADDRINUSE')
    return `port ${port} on 127.0.0.1 is taken; free it or set another one in ports of the config`;
  return error.message;
}

const stop = new AbortController();
for (const signal of ['SIGTERM', 'SIGINT'] as const) process.on(signal, () => stop.abort());
try {
  const { values } = parseArgs({ options: { config: { type: 'string' } } });
  if (values.config === undefined) throw new Error('--config FILE is needed');
  await main(parseConfig(readFileSync(values.config, 'utf8')), stop.signal);
  process.exit(0);
} catch (error) {
  process.stderr.write(`holt-router: ${explain(error)}\n`);
  process.exit(1);
}
