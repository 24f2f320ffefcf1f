import { createServer } from 'node:http';
import { collectDefaultMetrics, Registry } from 'prom-client';

export interface MetricsServerOptions {
  readonly port: number;
  readonly registry: Registry;
  /** Named health checks; each resolves, or rejects with the reason it fails. */
  readonly healthChecks: Readonly<Record<string, () => Promise<void> | void>>;
}

/** A registry with the process's own default metrics. */
export function createRegistry(): Registry {
  const registry = new Registry();
  collectDefaultMetrics({ register: registry });
  return registry;
}

/** Serves `/metrics` and `/healthz` on loopback. Resolves to a function that closes it. */
export async function startMetricsServer(options: MetricsServerOptions): Promise<() => Promise<void>> {
  const server = createServer((request, response) => {
    void (async () => {
      if (request.url === '/metrics') {
        response.setHeader('content-type', options.registry.contentType);
        response.end(await options.registry.metrics());
        return;
      }
      if (request.url !== '/healthz') {
        response.writeHead(404).end();
        return;
      }
      const lines: string[] = [];
      let healthy = true;
      for (const [name, check] of Object.entries(options.healthChecks)) {
        try {
          await check();
          lines.push(`[+]${name} ok`);
        } catch (error) {
          healthy = false;
          lines.push(`[-]${name} failed: ${error instanceof Error ? error.message : String(error)}`);
        }
      }
      response.writeHead(healthy ? 200 : 503, { 'content-type': 'text/plain' }).end(`${lines.join('\n')}\n`);
    })();
  });
  await new Promise<void>((resolve, reject) => {
    server.once('error', reject);
    server.listen(options.port, '127.0.0.1', resolve);
  });
  return () =>
    new Promise((resolve) => {
      server.close(() => resolve());
      server.closeAllConnections();
    });
}
