import { chmod, mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { HoltConfig } from '../../lib/config.ts';
import { writeDurably } from './durable-file.ts';
import { haproxyConfig } from './haproxy-config.ts';
import { pageFiles } from './pages.ts';
import { routerPaths } from './router-paths.ts';

/**
 * Writes all that HAProxy reads at its start: configuration, pages, and the maps where they are missing (the
 * last-known table is kept). Idempotent; to be done before every first start, whatever starts HAProxy.
 */
export async function ensureHaproxyFiles(config: HoltConfig): Promise<void> {
  const paths = routerPaths(config);
  await mkdir(paths.pages, { recursive: true, mode: 0o700 });
  await chmod(paths.directory, 0o700);
  for (const { name, content } of pageFiles(config.devLogin))
    await writeDurably(join(paths.pages, name), content);
  for (const map of [paths.routesMap, paths.revokedMap]) await writeFile(map, '', { flag: 'a', mode: 0o600 });
  const text = haproxyConfig({
    listenPort: config.ports.router,
    logPort: config.ports.routerLog,
    metricsPort: config.ports.haproxyMetrics,
    netns: config.netns,
    vmSubnet: config.vmSubnet,
    adminSocket: paths.adminSocket,
    requestSocket: paths.requestSocket,
    wakeSocket: paths.wakeSocket,
    routesMap: paths.routesMap,
    revokedMap: paths.revokedMap,
    pages: paths.pages,
    sessionPublicKey: paths.sessionPublicKey,
    devLogin: config.devLogin,
  });
  await writeDurably(paths.haproxyConfig, text);
}
