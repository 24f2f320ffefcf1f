import { readdir, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import type { Clock } from '../lib/clock.ts';
import { type HoltConfig, statePaths } from '../lib/config.ts';
import { endProcess } from '../lib/process-identity.ts';
import { type RunCommand, runChecked } from '../lib/run-command.ts';
import { readDevConfig } from './dev-config.ts';
import { findSupervisor, SUPERVISOR } from './installation.ts';
import { readPartRecord, removePartRecord } from './part-record.ts';
import type { Progress } from './progress.ts';

/** Stopping the parts and the VMs may take this long before they are killed. */
const SUPERVISOR_GRACE_MS = 60_000;
const DRAIN_TIMEOUT_MS = 180_000;
const PARTS_LAST_TO_FIRST = ['holt-router', 'holt-node', 'holt-manager', 'haproxy', 'holt-api', 'etcd'];

export interface DevDownOptions {
  readonly stateDir: string;
  readonly clock: Clock;
  readonly run: RunCommand;
  readonly progress: Progress;
}

/**
 * Stops everything in order: the parts (so that nothing heals what is stopped next), the VMs, the network
 * namespace. State is kept. Does nothing where nothing runs.
 * @throws CommandError when the VMs could not be stopped
 */
export async function devDown(options: DevDownOptions): Promise<void> {
  const { stateDir, clock, run, progress } = options;
  const config = await readDevConfig(stateDir);
  if (config === undefined) {
    progress.say(`nothing to stop: there is no installation in ${stateDir}`);
    return;
  }
  const { run: runDir } = statePaths(stateDir);
  const supervisor = findSupervisor(stateDir);
  if (supervisor !== undefined) {
    await progress.step('control plane stopped', () => endProcess(supervisor, SUPERVISOR_GRACE_MS, clock));
  }
  removePartRecord(runDir, SUPERVISOR);
  await stopLeftovers(runDir, clock);
  await progress.step('VMs stopped, network removed', () => drain(config, run));
  await removeSockets(config);
}

/** Ends parts that a killed supervisor left behind. */
async function stopLeftovers(runDir: string, clock: Clock): Promise<void> {
  for (const name of PARTS_LAST_TO_FIRST) {
    const record = readPartRecord(runDir, name);
    if (record !== undefined) await endProcess(record, 10_000, clock);
    removePartRecord(runDir, name);
  }
}

async function drain(config: HoltConfig, run: RunCommand): Promise<void> {
  const script = fileURLToPath(new URL('../controllers/node-main.ts', import.meta.url));
  const argv = [process.execPath, script, '--config', statePaths(config.stateDir).config, '--drain'];
  await runChecked(run, argv, { timeoutMs: DRAIN_TIMEOUT_MS });
}

/** A killed HAProxy leaves its socket files. */
async function removeSockets(config: HoltConfig): Promise<void> {
  const { router } = statePaths(config.stateDir);
  const names = await readdir(router).catch(() => []);
  await Promise.all(
    names.filter((name) => name.endsWith('.sock')).map((name) => rm(join(router, name), { force: true })),
  );
}
