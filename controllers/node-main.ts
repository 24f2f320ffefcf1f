import { readFileSync } from 'node:fs';
import { connect } from 'node:net';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { ApiClient } from '../api/client/index.ts';
import { systemClock } from '../lib/clock.ts';
import { type HoltConfig, parseConfig, statePaths } from '../lib/config.ts';
import { createLogger, type Logger } from '../lib/logger.ts';
import { createRegistry, startMetricsServer } from '../lib/metrics-server.ts';
import { runCommand } from '../lib/run-command.ts';
import { startTelemetry } from '../lib/telemetry-export.ts';
import { ArtifactStore } from './artifacts/artifact-store.ts';
import { openVmmResources } from './confinement/vmm-resources.ts';
import { createHostNetwork } from './network/host-network.ts';
import { drainNode } from './node/drain.ts';
import { IngressProber } from './node/ingress-prober.ts';
import { createLinuxNodeEffects } from './node/linux-node-effects.ts';
import { type RunningNode, startNode } from './node/node.ts';
import { createOrphanEffects } from './orphans/host-effects.ts';
import { limitsOf } from './uservm/limits.ts';

const COMPONENT = 'holt-node';

function readArguments(): { config: HoltConfig; drain: boolean } {
  const { values } = parseArgs({ options: { config: { type: 'string' }, drain: { type: 'boolean' } } });
  if (values.config === undefined) throw new Error('usage: node-main.ts --config FILE [--drain]');
  try {
    return { config: parseConfig(readFileSync(values.config, 'utf8')), drain: values.drain === true };
  } catch (cause) {
    const detail = cause instanceof Error ? cause.message : String(cause);
    throw new Error(`cannot use configuration ${values.config}: ${detail}`, { cause });
  }
}

function networkOf(config: HoltConfig) {
  return createHostNetwork({ netns: config.netns, subnet: config.vmSubnet, run: runCommand });
}

function readStreamTls({ stateDir }: HoltConfig) {
  const read = (name: string) => readFileSync(join(statePaths(stateDir).pki, name));
  return { cert: read('node-serving.crt'), key: read('node-serving.key'), ca: read('ca.crt') };
}

async function run(config: HoltConfig, logger: Logger, signal: AbortSignal): Promise<void> {
  const stopTelemetry = await startTelemetry({
    serviceName: COMPONENT,
    otlpEndpoint: config.otlpEndpoint,
    onProblem: (problem) => logger.warn(problem),
  });
  const registry = createRegistry();
  const kubeconfig = join(statePaths(config.stateDir).pki, 'node.kubeconfig');
  const client = await ApiClient.fromKubeconfigFile(kubeconfig, { userAgent: COMPONENT });
  let node: RunningNode | undefined;
  // The port is taken first: two holt-nodes on one host would fight over its VMs.
  const closeMetrics = await startMetricsServer({
    port: config.ports.nodeMetrics,
    registry,
    healthChecks: {
      caches: () => {
        if (node === undefined) throw new Error('starting');
        node.checkSynced();
      },
    },
  }).catch((cause: unknown) => {
    const detail = cause instanceof Error ? cause.message : String(cause);
    throw new Error(
      `cannot listen on ports.nodeMetrics: ${detail}; stop what has it or choose another port`,
      {
        cause,
      },
    );
  });
  const streamTls = readStreamTls(config);
  node = await startNode({ config, client, streamTls, network: networkOf(config), registry, logger });
  if (!signal.aborted) {
    await new Promise<void>((resolve) => signal.addEventListener('abort', () => resolve(), { once: true }));
  }
  await node.stop();
  await closeMetrics();
  await client.close();
  await stopTelemetry();
}

function isListening(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = connect(port, '127.0.0.1');
    const settle = (isOpen: boolean) => {
      socket.destroy();
      resolve(isOpen);
    };
    socket.once('connect', () => settle(true)).once('error', () => settle(false));
  });
}

async function drain(config: HoltConfig): Promise<void> {
  if (await isListening(config.ports.nodeMetrics)) {
    throw new Error(
      `port ${config.ports.nodeMetrics} is in use: holt-node runs and would start the VMs again; stop it first`,
    );
  }
  const paths = statePaths(config.stateDir);
  const network = networkOf(config);
  const { mode } = config.vmm;
  const prober = new IngressProber(config.netns);
  const store = new ArtifactStore({ imagesDirectory: paths.images, clock: systemClock });
  await drainNode({
    vmsDirectory: paths.vms,
    effects: createLinuxNodeEffects({
      netns: config.netns,
      vmm: config.vmm,
      resources: await openVmmResources(runCommand),
      landlock: false,
      volumesDirectory: paths.volumes,
      verifyImage: (digest) => store.expectBootable(digest),
      network,
      prober,
    }),
    orphans: createOrphanEffects({ vmsDirectory: paths.vms, volumesDirectory: paths.volumes, network }),
    destroyNetwork: () => network.destroy(),
    graceMs: limitsOf(mode).stopGraceMs,
    clock: systemClock,
    print: (line) => process.stdout.write(`${line}\n`),
  });
}

async function main(): Promise<void> {
  if (process.getuid?.() !== 0)
    throw new Error('must run as root: it makes network namespaces and taps; use sudo');
  const { config, drain: isDrain } = readArguments();
  if (isDrain) return drain(config);
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

main().then(
  () => process.exit(0),
  (error: unknown) => {
    process.stderr.write(`${COMPONENT}: ${error instanceof Error ? error.message : String(error)}\n`);
    process.exit(1);
  },
);
