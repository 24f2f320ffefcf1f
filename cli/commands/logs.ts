import type { Command } from 'commander';
import { readLogs } from '../../lib/podman/index.ts';
import type { CliContext, GlobalOptions } from '../context.ts';
import { CliError, EXIT_CODES } from '../errors.ts';
import { findGuestContainer } from '../guest-access.ts';

interface LogsFlags extends GlobalOptions {
  readonly follow?: boolean;
  readonly tail?: string;
  readonly since?: string;
  readonly timestamps?: boolean;
}

function lineCount(text: string): number {
  const lines = Number(text);
  if (Number.isInteger(lines) && lines >= 0) return lines;
  throw new CliError(`--tail ${text}: expected a whole number of lines`, EXIT_CODES.usage);
}

async function logs(name: string, flags: LogsFlags, context: CliContext): Promise<void> {
  const options = {
    follow: flags.follow === true,
    timestamps: flags.timestamps === true,
    signal: context.signal,
    ...(flags.tail === undefined ? {} : { tail: lineCount(flags.tail) }),
    ...(flags.since === undefined ? {} : { since: flags.since }),
  };
  const container = await findGuestContainer(name, flags, context);
  for await (const { stream, data } of readLogs(container.address, container.name, options)) {
    context[stream === 'stderr' ? 'stderr' : 'stdout'].write(data);
  }
}

export function registerLogs(program: Command, context: CliContext): void {
  program
    .command('logs')
    .summary("show a container's output")
    .argument('<container>', 'name of the SandboxContainer')
    .option('-f, --follow', 'go on until interrupted')
    .option('--tail <lines>', 'only the last lines')
    .option('--since <time>', 'only after this time (RFC 3339)')
    .option('--timestamps', 'the time in front of each line')
    .addHelpText('after', '\nExamples:\n  holt logs alice-live\n  holt logs alice-dev --follow --tail 20')
    .action((name: string, _flags, command: Command) => logs(name, command.optsWithGlobals(), context));
}
