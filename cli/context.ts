import { existsSync } from 'node:fs';
import { dirname, join, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';
import { ApiClient } from '../api/client/api-client.ts';
import { statePaths } from '../lib/config.ts';
import { CliError } from './errors.ts';

/** Options that every command takes. */
export interface GlobalOptions {
  readonly kubeconfig?: string;
  readonly namespace?: string;
}

/** What a command works with: the edges of the process, so that tests can drive it. */
export interface CliContext {
  readonly env: NodeJS.ProcessEnv;
  readonly cwd: string;
  readonly stdin: NodeJS.ReadStream;
  readonly stdout: NodeJS.WriteStream;
  readonly stderr: NodeJS.WriteStream;
  readonly signal: AbortSignal;
}

/** The namespace that commands mean where none is named. */
export function namespaceOf(options: GlobalOptions): string {
  return options.namespace ?? 'default';
}

/** `.holt` of the checkout that this CLI belongs to, unless HOLT_STATE_DIR says otherwise. */
export function stateDirOf(context: CliContext): string {
  const own = fileURLToPath(new URL('../.holt', import.meta.url));
  return resolve(context.cwd, context.env.HOLT_STATE_DIR ?? own);
}

/** Where a VM's VMM has its sockets and its console on this host, named by the first 12 hex digits of its UID. */
export function vmRunDir(uid: string, context: CliContext): string {
  return join(statePaths(stateDirOf(context)).vms, uid.replaceAll('-', '').slice(0, 12), 'run');
}

/** --kubeconfig, else KUBECONFIG, else the checkout's own. */
export function kubeconfigOf(options: GlobalOptions, context: CliContext): string {
  const named = options.kubeconfig ?? context.env.KUBECONFIG;
  return named === undefined || named === ''
    ? join(stateDirOf(context), 'kubeconfig')
    : resolve(context.cwd, named);
}

/**
 * Runs `work` with a client, and closes it.
 * @throws CliError when there is no kubeconfig
 */
export async function withClient<T>(
  options: GlobalOptions,
  context: CliContext,
  work: (client: ApiClient) => Promise<T>,
): Promise<T> {
  const path = kubeconfigOf(options, context);
  if (!existsSync(path)) {
    throw new CliError(
      `no kubeconfig at ${path}; npm start in the checkout makes ${join(dirname(stateDirOf(context)), '.holt/kubeconfig')}, ` +
        'or name one with --kubeconfig or KUBECONFIG',
    );
  }
  const client = await ApiClient.fromKubeconfigFile(path, { userAgent: 'holt-cli' });
  try {
    return await work(client);
  } finally {
    await client.close();
  }
}
