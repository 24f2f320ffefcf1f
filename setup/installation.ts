import { spawn } from 'node:child_process';
import { closeSync, mkdirSync, openSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import type { Clock } from '../lib/clock.ts';
import { type HoltConfig, statePaths } from '../lib/config.ts';
import { identifyProcess, isAlive } from '../lib/process-identity.ts';
import { type PartRecord, readPartRecord, writePartRecord } from './part-record.ts';

export const SUPERVISOR = 'supervisor';

/** The supervisor that runs now, if any. */
export function findSupervisor(stateDir: string): PartRecord | undefined {
  const record = readPartRecord(statePaths(stateDir).run, SUPERVISOR);
  return record !== undefined && isAlive(record) ? record : undefined;
}

/** Starts the supervisor as a session of its own, so that it outlives this terminal. */
export function startSupervisor(config: HoltConfig): PartRecord {
  const paths = statePaths(config.stateDir);
  mkdirSync(paths.logs, { recursive: true });
  const log = openSync(join(paths.logs, `${SUPERVISOR}.log`), 'a', 0o600);
  const script = fileURLToPath(new URL('./supervisor-main.ts', import.meta.url));
  const argv = [script, '--config', paths.config];
  const child = spawn(process.execPath, argv, { detached: true, stdio: ['ignore', log, log], cwd: '/' });
  closeSync(log);
  child.unref();
  const identity = child.pid === undefined ? undefined : identifyProcess(child.pid);
  if (identity === undefined)
    throw new Error(`the supervisor could not be started; see ${paths.logs}/${SUPERVISOR}.log`);
  const record = { ...identity, restartCount: 0 };
  writePartRecord(paths.run, SUPERVISOR, record);
  return record;
}

/** Waits until a health check passes. @throws Error with the last reason when it does not within `timeoutMs` */
export async function untilHealthy(
  check: () => Promise<void>,
  timeoutMs: number,
  clock: Clock,
  signal: AbortSignal,
): Promise<void> {
  const deadline = clock.monotonicMs() + timeoutMs;
  for (;;) {
    try {
      return await check();
    } catch (error) {
      if (clock.monotonicMs() >= deadline) throw error;
    }
    await clock.sleep(100, signal);
  }
}
