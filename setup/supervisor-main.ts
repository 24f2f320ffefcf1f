import { readFileSync } from 'node:fs';
import { parseArgs } from 'node:util';
import { systemClock } from '../lib/clock.ts';
import { parseConfig, statePaths } from '../lib/config.ts';
import { createLogger } from '../lib/logger.ts';
import { haproxyArgv } from '../services/router/haproxy-process.ts';
import { planParts } from './parts.ts';
import { Supervisor } from './supervisor.ts';

const { values } = parseArgs({ options: { config: { type: 'string' } } });
if (values.config === undefined) {
  process.stderr.write('holt-supervisor: --config FILE is needed\n');
  process.exit(2);
}
const config = parseConfig(readFileSync(values.config, 'utf8'));
const paths = statePaths(config.stateDir);
const stop = new AbortController();
for (const signal of ['SIGTERM', 'SIGINT'] as const) process.on(signal, () => stop.abort());
// The terminal that started it may go away; the parts go on until they are told to stop.
process.on('SIGHUP', () => {});

const supervisor = new Supervisor({
  logsDir: paths.logs,
  runDir: paths.run,
  clock: systemClock,
  logger: createLogger('holt-supervisor', config.logLevel),
  readinessTimeoutMs: 60_000,
});
await supervisor.run(planParts(config, haproxyArgv(config)), stop.signal);
process.exit(0);
