import { ROOT_PREFIX } from '../../storage/keys.ts';
import type { Answer } from './answer.ts';
import type { ServerContext } from './context.ts';

type Check = () => Promise<void>;

const ETCD_CHECK_MS = 2_000;

async function checkEtcd({ kv }: ServerContext): Promise<void> {
  let timer: NodeJS.Timeout | undefined;
  const timeout = new Promise<never>((_, reject) => {
    timer = setTimeout(() => reject(new Error(`no answer within ${ETCD_CHECK_MS} ms`)), ETCD_CHECK_MS);
  });
  try {
    await Promise.race([kv.range({ key: ROOT_PREFIX, countOnly: true }), timeout]);
  } finally {
    clearTimeout(timer);
  }
}

function checksOf(path: string, context: ServerContext): Readonly<Record<string, Check>> {
  const ping: Check = async () => {};
  if (path === '/livez') return { ping };
  const etcd: Check = () => checkEtcd(context);
  if (path === '/healthz') return { ping, etcd };
  return {
    ping,
    etcd,
    'watch-cache': async () => {
      if (!context.cache.ready) throw new Error('the registry was not yet read from etcd');
    },
    'poststarthook/rbac/bootstrap-roles': async () => {
      if (!context.startup.hasBootstrapRoles) throw new Error('not finished');
    },
    'poststarthook/crd-informer-synced': async () => {
      if (!context.catalog.isComplete) throw new Error('not finished');
    },
    shutdown: async () => {
      if (context.stopping.aborted) throw new Error('process is shutting down');
    },
  };
}

/** `/livez`, `/readyz`, `/healthz`: 200 `ok`, or 503 with a line a check; `?verbose` shows the lines in any case. */
export async function answerHealth(
  context: ServerContext,
  path: string,
  query: URLSearchParams,
): Promise<Answer> {
  const name = path.slice(1);
  const lines: string[] = [];
  let failed = false;
  for (const [check, run] of Object.entries(checksOf(path, context))) {
    try {
      await run();
      lines.push(`[+]${check} ok`);
    } catch (error) {
      failed = true;
      lines.push(`[-]${check} failed: ${error instanceof Error ? error.message : String(error)}`);
    }
  }
  const report = `${lines.join('\n')}\n${name} check ${failed ? 'failed' : 'passed'}\n`;
  const body = failed || query.has('verbose') ? report : 'ok';
  return { kind: 'raw', code: failed ? 503 : 200, contentType: 'text/plain; charset=utf-8', body };
}
