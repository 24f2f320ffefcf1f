import { once } from 'node:events';
import type { Command } from 'commander';
import { type CliContext, type GlobalOptions, withClient } from '../context.ts';
import { CliError, EXIT_CODES } from '../errors.ts';
import { streamPath } from '../stream-socket.ts';

interface LogsFlags extends GlobalOptions {
  readonly follow?: boolean;
  readonly tail?: string;
  readonly since?: string;
  readonly timestamps?: boolean;
  readonly previous?: boolean;
}

function lineCount(text: string): number {
  const lines = Number(text);
  if (Number.isInteger(lines) && lines >= 0) return lines;
  throw new CliError(`--tail ${text}: expected a whole number of lines`, EXIT_CODES.usage);
}

async function logs(name: string, flags: LogsFlags, context: CliContext): Promise<void> {
  const { signal } = context;
  const query = {
    follow: flags.follow,
    timestamps: flags.timestamps,
    previous: flags.previous,
    tailLines: flags.tail === undefined ? undefined : lineCount(flags.tail),
    sinceTime: flags.since,
  };
  await withClient(flags, context, async (client) => {
    const chunks = await client.stream({
      method: 'GET',
      path: streamPath(name, 'log', flags),
      query,
      signal,
    });
    for await (const chunk of chunks) {
      if (!context.stdout.write(chunk)) await once(context.stdout, 'drain', { signal });
    }
  });
}

export function registerLogs(program: Command, context: CliContext): void {
  program
    .command('logs')
    .summary("show a container's output")
    .argument('<container>', 'name of the SandboxContainer')
    .option('-f, --follow', 'go on until interrupted')
    .option('--tail <lines>', 'only the last lines')
    .option('--since <time>', 'only after this time (RFC 3339)')
    .option('-p, --previous', 'what it wrote before its last start')
    .option('--timestamps', 'the time in front of each line')
    .addHelpText('after', '\nExamples:\n  holt logs alice-live\n  holt logs alice-dev --follow --tail 20')
    .action((name: string, _flags, command: Command) => logs(name, command.optsWithGlobals(), context));
}
