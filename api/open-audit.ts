import { Counter, type Registry } from 'prom-client';
import { type HoltConfig, statePaths } from '../lib/config.ts';
import type { Logger } from '../lib/logger.ts';
import { AuditFile } from './server/audit/audit-file.ts';
import type { AuditOptions } from './server/audit/audit-record.ts';

/** The audit log that the configuration asks for; undefined where it wants none. */
export function openAudit(config: HoltConfig, registry: Registry, logger: Logger): AuditOptions | undefined {
  const { enabled, rules, fileMiB, filesMax } = config.audit;
  if (!enabled) return undefined;
  const dropped = new Counter({
    name: 'holt_api_audit_dropped_total',
    help: 'Audit events that were lost, by reason (queue-full, write-failed)',
    labelNames: ['reason'] as const,
    registers: [registry],
  });
  const path = statePaths(config.stateDir).auditLog;
  const sink = new AuditFile({
    path,
    fileBytes: fileMiB * 2 ** 20,
    filesMax,
    onDropped: (count, reason, error) => {
      dropped.inc({ reason }, count);
      if (error !== undefined)
        logger.error({ err: error, path, count }, 'audit events are lost: the log cannot be written');
    },
  });
  return { rules, sink };
}
