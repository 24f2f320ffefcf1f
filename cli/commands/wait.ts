import type { Command } from 'commander';
import { type CliContext, type GlobalOptions, namespaceOf, withClient } from '../context.ts';
import { CliError, EXIT_CODES } from '../errors.ts';
import { parseResourceArguments } from '../resource-argument.ts';
import { conditionOf, waitFor } from '../wait-for.ts';

interface WaitFlags extends GlobalOptions {
  readonly for: string;
  readonly timeout: string;
}

async function wait(words: readonly string[], flags: WaitFlags, context: CliContext): Promise<void> {
  const condition = /^condition=([A-Za-z]+)(?:=(True|False|Unknown))?$/.exec(flags.for);
  if (condition === null && flags.for !== 'delete') {
    throw new CliError(`--for ${flags.for}: expected condition=NAME[=STATUS] or delete`, EXIT_CODES.usage);
  }
  const [, type = '', status = 'True'] = condition ?? [];
  await withClient(flags, context, async (client) => {
    for (const { definition, names } of parseResourceArguments(words)) {
      for (const each of names) {
        const name = definition.namespaced ? { namespace: namespaceOf(flags), name: each } : { name: each };
        const timeoutMs = Number(flags.timeout) * 1000;
        await waitFor({ client, definition, name, timeoutMs, signal: context.signal }, (object) =>
          condition === null
            ? object === undefined
            : object !== undefined && conditionOf(object, type)?.status === status,
        );
        context.stdout.write(
          `${definition.singular}/${each} ${condition === null ? 'deleted' : 'condition met'}\n`,
        );
      }
    }
  });
}

export function registerWait(program: Command, context: CliContext): void {
  program
    .command('wait')
    .summary('wait for a condition')
    .argument('<kind...>', 'KIND NAME... or KIND/NAME...')
    .option('--for <what>', 'condition=NAME[=STATUS] or delete', 'condition=Ready')
    .option('--timeout <seconds>', 'how long to wait', '180')
    .addHelpText('after', '\nExample:\n  holt wait uservm alice --for condition=Ready --timeout 120')
    .action((words: string[], _flags, command: Command) => wait(words, command.optsWithGlobals(), context));
}
