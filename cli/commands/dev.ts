import { existsSync } from 'node:fs';
import { join } from 'node:path';
import type { Command } from 'commander';
import { ApiClient } from '../../api/client/api-client.ts';
import { type UserVm, userVmDefinition } from '../../crds/uservm/definition.ts';
import { systemClock } from '../../lib/clock.ts';
import { type HoltConfig, statePaths } from '../../lib/config.ts';
import { runCommand } from '../../lib/run-command.ts';
import { createSessionToken, readSigningKey } from '../../lib/session-token.ts';
import { haproxyArgv } from '../../services/router/haproxy-process.ts';
import { devOptionsFrom, readDevConfig } from '../../setup/dev-config.ts';
import { devDown } from '../../setup/dev-down.ts';
import { formatPartStatuses, observeParts } from '../../setup/dev-status.ts';
import { devUp, examplesStamp } from '../../setup/dev-up.ts';
import { planParts } from '../../setup/parts.ts';
import { Progress } from '../../setup/progress.ts';
import { summary } from '../../setup/summary.ts';
import type { CliContext, GlobalOptions } from '../context.ts';
import { CliError, EXIT_CODES } from '../errors.ts';
import { readOwnVersion } from '../own-version.ts';

interface DevFlags extends GlobalOptions {
  readonly detach?: boolean;
  readonly examples: boolean;
  readonly stateDir?: string;
  readonly netns?: string;
  readonly portOffset?: string;
}

const SESSION_SECONDS = 12 * 3600;

async function loginUrls(config: HoltConfig, signal: AbortSignal): Promise<Record<string, string>> {
  const paths = statePaths(config.stateDir);
  const client = await ApiClient.fromKubeconfigFile(paths.kubeconfig, { userAgent: 'holt-dev' });
  const key = await readSigningKey(join(paths.session, 'key.pem'));
  const urls: Record<string, string> = {};
  try {
    for (const vm of (await client.listAll<UserVm>(userVmDefinition, { signal })).items) {
      const token = await createSessionToken({ user: vm.spec.user, key, ttlSeconds: SESSION_SECONDS });
      urls[vm.spec.user] = `http://127.0.0.1:${config.ports.router}/.holt/login?token=${token}`;
    }
  } finally {
    await client.close();
  }
  return urls;
}

function interrupted(signal: AbortSignal): Promise<void> {
  if (signal.aborted) return Promise.resolve();
  return new Promise((resolve) => {
    // An open handle keeps the process until the signal comes.
    const keepAlive = setInterval(() => {}, 60_000);
    signal.addEventListener('abort', () => {
      clearInterval(keepAlive);
      resolve();
    });
  });
}

async function up(flags: DevFlags, context: CliContext): Promise<void> {
  if (process.getuid?.() !== 0) {
    throw new CliError(
      'needs root: it makes network namespaces, taps and virtual machines; run it again with sudo',
    );
  }
  const options = devOptionsFrom(flags, context.env);
  const progress = new Progress(systemClock, (text) => context.stdout.write(text));
  const withExamples = flags.examples && !existsSync(examplesStamp(options.stateDir));
  const { env, signal } = context;
  const edges = { clock: systemClock, run: runCommand, env, progress, signal, withExamples };
  try {
    const config = await devUp({ ...options, ...edges });
    context.stdout.write(summary(config, await loginUrls(config, signal), context.cwd));
  } catch (error) {
    if (!signal.aborted) throw error;
  }
  if (flags.detach === true && !signal.aborted) return;
  if (!signal.aborted) context.stdout.write('Ctrl-C stops everything in order; the state stays.\n');
  await interrupted(signal);
  context.stdout.write('\n');
  await devDown({ stateDir: options.stateDir, clock: systemClock, run: runCommand, progress });
}

async function status(flags: DevFlags, context: CliContext): Promise<void> {
  const { stateDir } = devOptionsFrom(flags, context.env);
  const config = await readDevConfig(stateDir);
  if (config === undefined)
    throw new CliError(`there is no installation in ${stateDir}; npm start makes one`);
  const parts = planParts(config, haproxyArgv(config));
  const statuses = await observeParts(config, parts, await readOwnVersion(), runCommand);
  context.stdout.write(`${formatPartStatuses(statuses)}\n\nVMM: ${config.vmm.mode} (${config.vmm.binary})\n`);
  if (statuses.some((part) => !part.healthy))
    throw new CliError('not all parts are healthy', EXIT_CODES.failure);
}

export function registerDev(program: Command, context: CliContext): void {
  const dev = program.command('dev').summary('a whole single-node Holt on this machine');
  const command = (name: string, summaryText: string) =>
    dev
      .command(name)
      .summary(summaryText)
      .option('--state-dir <path>', 'where state lives (HOLT_STATE_DIR); default .holt in the checkout');
  command('up', 'start everything, wait until it is ready')
    .option('-d, --detach', 'return when all is ready')
    .option('--no-examples', 'do not apply examples/')
    .option('--netns <name>', 'network namespace of the VMs (HOLT_NETNS), starts with "holt"')
    .option('--port-offset <n>', 'added to every default port (HOLT_PORT_OFFSET)')
    .addHelpText(
      'after',
      '\nExamples:\n  holt dev up --detach\n  holt dev up --port-offset 1000 --state-dir .holt-2',
    )
    .action((_flags, self: Command) => up(self.optsWithGlobals(), context));
  command('down', 'stop everything in order, keep the state').action((_flags, self: Command) => {
    const { stateDir } = devOptionsFrom(self.optsWithGlobals(), context.env);
    const progress = new Progress(systemClock, (text) => context.stdout.write(text));
    return devDown({ stateDir, clock: systemClock, run: runCommand, progress });
  });
  command('status', 'each part, its version and health').action((_flags, self: Command) =>
    status(self.optsWithGlobals(), context),
  );
}
