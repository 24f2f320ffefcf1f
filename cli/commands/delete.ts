import type { Command } from 'commander';
import type { ApiObject } from '../../crds/meta/meta.ts';
import { type CliContext, type GlobalOptions, namespaceOf, withClient } from '../context.ts';
import { CliError, EXIT_CODES } from '../errors.ts';
import { parseResourceArguments } from '../resource-argument.ts';
import { waitFor } from '../wait-for.ts';

interface DeleteFlags extends GlobalOptions {
  readonly wait: boolean;
  readonly timeout: string;
}

async function remove(words: readonly string[], flags: DeleteFlags, context: CliContext): Promise<void> {
  await withClient(flags, context, async (client) => {
    for (const { definition, names } of parseResourceArguments(words)) {
      if (names.length === 0)
        throw new CliError(`name the ${definition.singular} to delete`, EXIT_CODES.usage);
      for (const each of names) {
        const name = definition.namespaced ? { namespace: namespaceOf(flags), name: each } : { name: each };
        const { metadata } = await client.get<ApiObject>(definition, name, { signal: context.signal });
        await client.delete(definition, name, { uid: metadata.uid, signal: context.signal });
        if (flags.wait) {
          const options = {
            client,
            definition,
            name,
            timeoutMs: Number(flags.timeout) * 1000,
            signal: context.signal,
          };
          await waitFor(options, (object) => object?.metadata.uid !== metadata.uid);
        }
        context.stdout.write(`${definition.singular}/${each} deleted\n`);
      }
    }
  });
}

export function registerDelete(program: Command, context: CliContext): void {
  program
    .command('delete')
    .summary('delete objects; a UserVM takes its data volume with it')
    .argument('<kind...>', 'KIND NAME... or KIND/NAME...')
    .option('--no-wait', 'do not wait until they are gone')
    .option('--timeout <seconds>', 'how long to wait', '180')
    .addHelpText('after', '\nExamples:\n  holt delete uservm alice\n  holt delete sc/alice-dev --no-wait')
    .action((words: string[], _flags, command: Command) => remove(words, command.optsWithGlobals(), context));
}
