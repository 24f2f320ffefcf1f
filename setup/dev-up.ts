import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { ApiClient } from '../api/client/api-client.ts';
import { applyObject } from '../api/client/apply.ts';
import { readManifestFolder } from '../api/client/manifests.ts';
import { ensureNetwork } from '../controllers/network/ensure-network.ts';
import { guestImageDefinition } from '../crds/guestimage/definition.ts';
import type { Clock } from '../lib/clock.ts';
import { type HoltConfig, statePaths } from '../lib/config.ts';
import type { RunCommand } from '../lib/run-command.ts';
import { ensureHaproxyFiles } from '../services/router/haproxy-files.ts';
import { haproxyArgv } from '../services/router/haproxy-process.ts';
import { checkPortsFree, type DevOptions, planDevConfig, SetupError, writeDevConfig } from './dev-config.ts';
import { buildGuestImage, guestImageObject } from './guest-image.ts';
import { findSupervisor, startSupervisor, untilHealthy } from './installation.ts';
import { planParts } from './parts.ts';
import { ensurePki } from './pki.ts';
import { runPreflight } from './preflight.ts';
import type { Progress } from './progress.ts';
import { waitUntilReady } from './wait-ready.ts';

const PART_TIMEOUT_MS = 60_000;
const READY_TIMEOUT_MS = 300_000;

export interface DevUpOptions extends DevOptions {
  readonly clock: Clock;
  readonly run: RunCommand;
  readonly env: NodeJS.ProcessEnv;
  readonly progress: Progress;
  readonly signal: AbortSignal;
  /** Apply `examples/` where this installation has not seen them yet. */
  readonly withExamples: boolean;
}

/**
 * Brings a single-node Holt up and waits until all that is declared is ready. Where it runs already, it only waits.
 * @throws SetupError with what to mend
 */
export async function devUp(options: DevUpOptions): Promise<HoltConfig> {
  const { progress, run, env, clock, signal } = options;
  const preflight = await progress.step('preflight', () => runPreflight({ run, env }));
  for (const finding of preflight.findings) progress.note(`preflight: ${finding.message}`);
  const fatal = preflight.findings.find((finding) => finding.fatal);
  if (fatal !== undefined) throw new SetupError(fatal.message);
  progress.note(`VMM: ${preflight.vmm.mode}: ${preflight.vmm.reason}`);

  const { binary, readPaths, mode } = preflight.vmm;
  const vmm = { binary, readPaths, mode };
  const config = await planDevConfig(options, vmm);
  const supervisor = findSupervisor(options.stateDir);
  const paths = statePaths(config.stateDir);
  if (supervisor === undefined) await prepareHost(config, options);
  const digest = await progress.step('guest image', () =>
    buildGuestImage(paths.images, (line) => progress.note(`guest image: ${line}`)),
  );
  if (supervisor === undefined) startSupervisor(config);
  else progress.note(`already running (supervisor pid ${supervisor.pid})`);
  for (const part of planParts(config, haproxyArgv(config))) {
    await progress
      .step(`${part.name} healthy`, () => untilHealthy(part.checkHealth, PART_TIMEOUT_MS, clock, signal))
      .catch((error: unknown) => {
        const reason = error instanceof Error ? error.message : String(error);
        throw new SetupError(
          `${part.name} is not healthy: ${reason}; its log is ${join(paths.logs, `${part.name}.log`)}`,
        );
      });
  }
  const client = await ApiClient.fromKubeconfigFile(paths.kubeconfig, { userAgent: 'holt-dev' });
  try {
    await applyDeclarations(client, config, digest, options);
    await waitUntilReady({ client, clock, progress, timeoutMs: READY_TIMEOUT_MS, signal });
  } finally {
    await client.close();
  }
  return config;
}

async function prepareHost(config: HoltConfig, options: DevUpOptions): Promise<void> {
  const { progress, run } = options;
  await checkPortsFree(config);
  const paths = statePaths(config.stateDir);
  await writeDevConfig(config);
  await Promise.all(
    [paths.images, paths.vms, paths.volumes, paths.run].map((path) => mkdir(path, { recursive: true })),
  );
  await progress.step('certificates', () => ensurePki(config, run));
  await progress.step(`network namespace ${config.netns}`, () => ensureNetwork(config, run));
  await ensureHaproxyFiles(config);
}

async function applyDeclarations(
  client: ApiClient,
  config: HoltConfig,
  imageDigest: string,
  { progress, signal, withExamples }: DevUpOptions,
): Promise<void> {
  const image = await guestImageObject(statePaths(config.stateDir).images, imageDigest, 'default');
  const applied = await applyObject(client, guestImageDefinition, image, { signal });
  progress.note(`guestimage/default ${applied.outcome}`);
  if (!withExamples) return;
  const examples = fileURLToPath(new URL('../examples', import.meta.url));
  for (const { definition, object } of await readManifestFolder(examples, 'default')) {
    const { outcome } = await applyObject(client, definition, object, { signal });
    progress.note(`${definition.singular}/${object.metadata.name} ${outcome}`);
  }
  await writeFile(examplesStamp(config.stateDir), '');
}

/** There once the examples were applied: a second start leaves what people made of them alone. */
export function examplesStamp(stateDir: string): string {
  return join(stateDir, 'examples-applied');
}
