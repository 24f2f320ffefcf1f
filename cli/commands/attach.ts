import type { Command } from 'commander';
import type { CliContext } from '../context.ts';
import { type CommandFlags, runCommandStream } from '../run-command-stream.ts';

export function registerAttach(program: Command, context: CliContext): void {
  program
    .command('attach')
    .summary("follow what a container's own program writes from now on")
    .argument('<container>', 'name of the SandboxContainer')
    .addHelpText('after', '\nExample:\n  holt attach alice-live')
    .action(async (container: string, _flags, command: Command) => {
      const flags: CommandFlags = command.optsWithGlobals();
      await runCommandStream({ container, action: 'attach', command: [] }, flags, context);
    });
}
