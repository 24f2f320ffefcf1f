import { spawn } from 'node:child_process';
import { closeSync, mkdirSync } from 'node:fs';
import { join } from 'node:path';
import type { Clock } from '../lib/clock.ts';
import type { Logger } from '../lib/logger.ts';
import { endProcess, identifyProcess, isAlive } from '../lib/process-identity.ts';
import { boundLog, openLog } from './bounded-log.ts';
import { type PartRecord, readPartRecord, removePartRecord, writePartRecord } from './part-record.ts';
import type { Part } from './parts.ts';

const POLL_INTERVAL_MS = 200;
const BACKOFF_FIRST_MS = 200;
const BACKOFF_MAX_MS = 10_000;
/** A part that ran this long starts again at once. */
const BACKOFF_RESET_AFTER_MS = 30_000;

export interface SupervisorOptions {
  readonly logsDir: string;
  readonly runDir: string;
  readonly clock: Clock;
  readonly logger: Logger;
  /** Resolves when the part may be started; parts wait for those before them. */
  readonly readinessTimeoutMs: number;
}

/**
 * Runs the parts of a development host, as systemd does on a production host: starts them in order, each once the
 * one before serves, starts them again with back-off when they end, and adopts those that still run after its own
 * end. Parts are sessions of their own, so that a supervisor that dies takes none with it.
 */
export class Supervisor {
  readonly #options: SupervisorOptions;

  constructor(options: SupervisorOptions) {
    this.#options = options;
    mkdirSync(options.logsDir, { recursive: true });
    mkdirSync(options.runDir, { recursive: true });
  }

  /** Supervises all parts until `signal` aborts, then stops them in the opposite order. */
  async run(parts: readonly Part[], signal: AbortSignal): Promise<void> {
    const loops: Promise<void>[] = [];
    const stops: AbortController[] = [];
    for (const part of parts) {
      if (signal.aborted) break;
      const stop = new AbortController();
      stops.push(stop);
      loops.push(this.#keepRunning(part, stop.signal));
      await this.#untilHealthy(part, signal);
    }
    await aborted(signal);
    for (const [index, part] of [...parts.entries()].reverse()) {
      stops[index]?.abort();
      await loops[index];
      await this.#stop(part);
    }
  }

  async #keepRunning(part: Part, signal: AbortSignal): Promise<void> {
    const { clock, logger, logsDir, runDir } = this.#options;
    let record = readPartRecord(runDir, part.name);
    let startedAtMs = clock.monotonicMs();
    let backoffMs = BACKOFF_FIRST_MS;
    while (!signal.aborted) {
      if (record === undefined || !isAlive(record)) {
        if (record !== undefined) {
          if (clock.monotonicMs() - startedAtMs >= BACKOFF_RESET_AFTER_MS) backoffMs = BACKOFF_FIRST_MS;
          logger.warn({ part: part.name, pid: record.pid, restartInMs: backoffMs }, 'part ended');
          await clock.sleep(backoffMs, signal).catch(() => {});
          if (signal.aborted) return;
          backoffMs = Math.min(backoffMs * 2, BACKOFF_MAX_MS);
        }
        record = this.#start(part, record === undefined ? 0 : record.restartCount + 1);
        startedAtMs = clock.monotonicMs();
      }
      boundLog(join(logsDir, `${part.name}.log`));
      await clock.sleep(POLL_INTERVAL_MS, signal).catch(() => {});
    }
  }

  #start(part: Part, restartCount: number): PartRecord | undefined {
    const { logger, logsDir, runDir } = this.#options;
    const log = openLog(join(logsDir, `${part.name}.log`));
    const [file = '', ...args] = part.argv;
    const child = spawn(file, args, { detached: true, stdio: ['ignore', log, log], cwd: '/' });
    closeSync(log);
    child.on('error', (error) => logger.error({ part: part.name, err: error }, 'part could not be started'));
    child.unref();
    const identity = child.pid === undefined ? undefined : identifyProcess(child.pid);
    const record = { pid: child.pid ?? 0, startTicks: identity?.startTicks ?? 0, restartCount };
    if (identity !== undefined) writePartRecord(runDir, part.name, record);
    logger.info({ part: part.name, pid: record.pid, restartCount }, 'part started');
    return record;
  }

  async #untilHealthy(part: Part, signal: AbortSignal): Promise<void> {
    const { clock, logger, readinessTimeoutMs } = this.#options;
    const deadline = clock.monotonicMs() + readinessTimeoutMs;
    for (;;) {
      try {
        await part.checkHealth();
        return;
      } catch (error) {
        if (signal.aborted) return;
        if (clock.monotonicMs() >= deadline) {
          logger.error({ part: part.name, err: error }, 'part is not healthy; going on with the next');
          return;
        }
      }
      await clock.sleep(50, signal).catch(() => {});
    }
  }

  async #stop(part: Part): Promise<void> {
    const { clock, logger, runDir } = this.#options;
    const record = readPartRecord(runDir, part.name);
    if (record !== undefined) await endProcess(record, part.graceMs, clock);
    removePartRecord(runDir, part.name);
    logger.info({ part: part.name }, 'part stopped');
  }
}

function aborted(signal: AbortSignal): Promise<void> {
  if (signal.aborted) return Promise.resolve();
  return new Promise((resolve) => signal.addEventListener('abort', () => resolve(), { once: true }));
}
