import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { pino } from 'pino';
import { Registry } from 'prom-client';
import { startApiServer } from '../../api/server/server.ts';
import { ALL_DEFINITIONS } from '../../crds/index.ts';
import { systemClock } from '../../lib/clock.ts';

const [etcdEndpoint = '', pkiDir = ''] = process.argv.slice(2);
const read = (name: string) => readFileSync(join(pkiDir, name));

/** An API server in a process of its own, which answers its parent's questions about memory. */
const server = await startApiServer({
  etcd: { endpoints: [etcdEndpoint], requestTimeoutMs: 20_000 },
  tls: { cert: read('api.crt'), key: read('api.key'), clientCa: read('ca.crt') },
  port: 0,
  definitions: ALL_DEFINITIONS,
  clock: systemClock,
  logger: pino({ level: 'error' }),
  registry: new Registry(),
});
process.on('message', (question) => {
  if (question === 'stop') {
    void server.stop().then(() => process.exit(0));
    return;
  }
  globalThis.gc?.();
  process.send?.({ memory: process.memoryUsage(), cpu: process.cpuUsage() });
});
process.send?.({ port: server.port });
