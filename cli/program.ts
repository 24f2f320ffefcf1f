import { Command } from 'commander';
import { registerApply } from './commands/apply.ts';
import { registerAttach } from './commands/attach.ts';
import { registerCompletion } from './commands/completion.ts';
import { registerConsole } from './commands/console.ts';
import { registerDelete } from './commands/delete.ts';
import { registerDescribe } from './commands/describe.ts';
import { registerDev } from './commands/dev.ts';
import { registerExec } from './commands/exec.ts';
import { registerGet } from './commands/get.ts';
import { registerLogs } from './commands/logs.ts';
import { registerPortForward } from './commands/port-forward.ts';
import { registerPower } from './commands/power.ts';
import { registerRollout } from './commands/rollout.ts';
import { registerSession } from './commands/session.ts';
import { registerWait } from './commands/wait.ts';
import type { CliContext } from './context.ts';

/** The command line, with every command. Parsing errors are thrown, not exits. */
export function createProgram(context: CliContext, version: string): Command {
  const program = new Command('holt')
    .description('One kernel-isolated microVM per user, declared as YAML and kept that way.')
    .version(version)
    .option('--kubeconfig <path>', 'kubeconfig (KUBECONFIG); default .holt/kubeconfig in the checkout')
    .option('-n, --namespace <name>', 'namespace', 'default')
    .exitOverride()
    .configureOutput({
      writeOut: (text) => context.stdout.write(text),
      writeErr: (text) => context.stderr.write(text),
    })
    .addHelpText(
      'after',
      '\nExit codes: 0 done, 1 failed, 2 wrong usage, 3 not found, 4 API unreachable, 5 timed out.\n' +
        '\nExamples:\n  holt dev up --detach\n  holt apply -f examples/alice.yaml\n  holt get uservms,sc\n  holt logs alice-live -f',
    );
  for (const register of [
    registerApply,
    registerGet,
    registerDescribe,
    registerDelete,
    registerWait,
    registerLogs,
    registerExec,
    registerAttach,
    registerPortForward,
    registerConsole,
    registerPower,
    registerRollout,
    registerSession,
    registerDev,
    registerCompletion,
  ]) {
    register(program, context);
  }
  return program;
}
