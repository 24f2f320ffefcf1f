import { readFile } from 'node:fs/promises';
import type { RequestOptions } from 'node:https';

/** Where the API server is and who we are there. */
export interface ApiConnection {
  /** e.g. https://127.0.0.1:6443 */
  readonly server: string;
  readonly ca?: string | Buffer;
  readonly cert?: string | Buffer;
  readonly key?: string | Buffer;
  readonly serverName?: string;
  readonly rejectUnauthorized?: boolean;
  /** e.g. Authorization, for kubeconfigs with a token. */
  readonly headers: Readonly<Record<string, string>>;
}

/**
 * Reads a kubeconfig's current context.
 * @throws Error naming the file when it cannot be read or has no usable context
 */
export async function loadKubeconfig(file: string): Promise<ApiConnection> {
  // The library loads some hundred modules; a program that never calls the API does not pay for them.
  const { KubeConfig } = await import('@kubernetes/client-node');
  const kubeconfig = new KubeConfig();
  const text = await readFile(file, 'utf8').catch((cause: unknown) => {
    throw new Error(`cannot read kubeconfig ${file}; is Holt up (npm start)?`, { cause });
  });
  try {
    kubeconfig.loadFromString(text);
  } catch (cause) {
    throw new Error(`kubeconfig ${file} is not valid: ${cause instanceof Error ? cause.message : cause}`, {
      cause,
    });
  }
  const directory = file.slice(0, file.lastIndexOf('/') + 1) || './';
  kubeconfig.makePathsAbsolute(directory);
  const cluster = kubeconfig.getCurrentCluster();
  if (cluster === null) throw new Error(`kubeconfig ${file}: current-context names no cluster`);
  const options: RequestOptions = {};
  await kubeconfig.applyToHTTPSOptions(options);
  return {
    server: cluster.server.replace(/\/$/, ''),
    headers: headersOf(options),
    ...pem('ca', options.ca),
    ...pem('cert', options.cert),
    ...pem('key', options.key),
    ...(typeof options.servername === 'string' ? { serverName: options.servername } : {}),
    ...(options.rejectUnauthorized === undefined ? {} : { rejectUnauthorized: options.rejectUnauthorized }),
  };
}

function pem<K extends 'ca' | 'cert' | 'key'>(field: K, value: unknown): Partial<Record<K, string | Buffer>> {
  const result: Partial<Record<K, string | Buffer>> = {};
  if (typeof value === 'string' || Buffer.isBuffer(value)) result[field] = value;
  return result;
}

function headersOf(options: RequestOptions): Record<string, string> {
  const headers: Record<string, string> = {};
  for (const [name, value] of Object.entries(options.headers ?? {})) headers[name] = String(value);
  return headers;
}
