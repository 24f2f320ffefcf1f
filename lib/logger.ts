import { type Logger, pino } from 'pino';

export type { Logger };

/** A JSON logger to standard output. Lifecycle lines carry `vm_id` and `container_name` as fields. */
export function createLogger(name: string, level = 'info'): Logger {
  return pino({ name, level, base: { name, pid: process.pid }, timestamp: pino.stdTimeFunctions.isoTime });
}
