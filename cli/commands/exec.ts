import type { Command } from 'commander';
import type { CliContext } from '../context.ts';
import { type CommandFlags, runCommandStream } from '../run-command-stream.ts';

async function exec(
  container: string,
  command: readonly string[],
  flags: CommandFlags,
  context: CliContext,
): Promise<void> {
  process.exitCode = await runCommandStream({ container, action: 'exec', command }, flags, context);
}

export function registerExec(program: Command, context: CliContext): void {
  program
    .command('exec')
    .summary('run a command in a container; exits with its exit code')
    .argument('<container>', 'name of the SandboxContainer')
    .argument('<command...>', 'after --, the program and its arguments')
    .option('-i, --stdin', 'pass standard input on; the command is not told of its end')
    .option('-t, --tty', 'with a terminal')
    .addHelpText(
      'after',
      '\nExamples:\n  holt exec alice-dev -- /usr/bin/node --version\n  holt exec -it alice-dev -- /bin/sh',
    )
    .action((name: string, words: string[], _flags, command: Command) =>
      exec(name, words, command.optsWithGlobals(), context),
    );
}
